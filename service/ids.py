"""Ids: UUIDv7 (RFC 9562, section 5.7), so that they sort by their time of creation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from service.errors import NotFound

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def new_id(at: datetime | None = None) -> UUID:
    """Return a new UUIDv7; the ids of one process increase.

    `at`: an aware time that the id has instead of now, for a thing that was made earlier. Ids
    of the same millisecond then have no order.
    """
    return uuid7(nanoseconds=None if at is None else (at - EPOCH) // MICROSECOND * 1000)


def parse_id(text: str, what: str) -> UUID:
    """Return the id in `text`; raises NotFound where it is malformed, as where it is unknown."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what) from None
