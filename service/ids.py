"""Identifiers: UUIDv7 (RFC 9562, section 5.7), so that ids sort by their time of creation."""

from uuid import UUID

from uuid_utils.compat import uuid7

from service.errors import NotFound


def new_id() -> UUID:
    """Return a new UUIDv7; increasing within one process."""
    return uuid7()


def parse_id(text: str, what: str) -> UUID:
    """Return the id in `text`; raises NotFound for a malformed one, as for an unknown one."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what) from None
