"""The Prefer header (RFC 7240)."""

import re

from starlette.datastructures import Headers

from service.http.waiting import MAX_WAIT

_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(;.*)?", re.IGNORECASE)


def preferred_wait(headers: Headers) -> int:
    """Return the seconds that the caller will wait, 0..MAX_WAIT.

    The header may come several times, and the first `wait` counts (section 2). What
    cannot be read is no preference: a preference never makes a request fail.
    """
    for field in headers.getlist("prefer"):
        for preference in field.split(","):
            match = _WAIT.fullmatch(preference)
            if match:
                return min(int(match[1]), MAX_WAIT)
    return 0
