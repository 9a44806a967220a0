"""Opaque cursors for lists; a cursor belongs to one list with one set of filters."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

from service.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

MAX_PAGE = 500_000
"""Most code points of texts on one page, unless a single text has more: 2 MB at most."""

Position = TypeVar("Position")


def fitting(sizes: Sequence[int]) -> int:
    """Return how many items of a page fit, by the code points of each: at least the first."""
    sums = accumulate(sizes)
    return max(1, sum(size <= MAX_PAGE for size in sums)) if sizes else 0


def encode_cursor(list_name: str, filters: dict[str, str], position: str) -> str:
    """Return the cursor that continues the list after `position`."""
    raw = json.dumps([_fingerprint(list_name, filters), position]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(
    cursor: str, list_name: str, filters: dict[str, str], parse: Callable[[str], Position]
) -> Position:
    """Return the position in the cursor, read by `parse`, which may raise ValueError.

    Raises Invalid for a cursor that is malformed, or comes from another list or other
    filters: such a cursor would silently skip items.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        fingerprint, position = json.loads(raw)
        if fingerprint == _fingerprint(list_name, filters):
            return parse(position)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise Invalid.at(
        "/query/after", "This cursor does not belong to this list. Start again without `after`."
    )


def _fingerprint(list_name: str, filters: dict[str, str]) -> str:
    text = json.dumps([list_name, sorted(filters.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
