"""Reads the Prefer header (RFC 7240)."""

import re
from typing import Annotated

from fastapi import Header
from starlette.datastructures import Headers

from service.http.waiting import MAX_WAIT

_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(;.*)?", re.IGNORECASE)

Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description=f"`wait=N`: wait for the outcome, N seconds, at most {MAX_WAIT}",
        examples=["wait=5"],
    ),
]
"""Declares the header in the OpenAPI document; `preferred_wait` reads all of its fields."""


def preferred_wait(headers: Headers) -> int:
    """Return how many seconds the caller is ready to wait, 0..MAX_WAIT.

    The header may occur several times; the first `wait` counts (RFC 7240, section 2).
    An unreadable preference is ignored: a preference never makes a request fail.
    """
    for field in headers.getlist("prefer"):
        for preference in field.split(","):
            match = _WAIT.fullmatch(preference)
            if match:
                return min(int(match[1]), MAX_WAIT)
    return 0
