"""The wall clock. It is read only here, so that tests can freeze it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LONGEST_HOLD = timedelta(minutes=10)
"""The longest that anything is held: a lease, a claim, an event for its undo, a request."""

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return _source() if _source else datetime.now(UTC)


def lasts(until: datetime | None, at: datetime, longest: timedelta = LONGEST_HOLD) -> bool:
    """Tell whether something that ends at `until`, such as a lease, still lasts.

    An end further away than `longest` was set before the clock was set back. It counts as
    ended, since nobody should wait until the clock reaches the old time again.
    """
    return until is not None and at < until <= at + longest


def set_source(source: Callable[[], datetime] | None) -> None:
    """Replace the clock, for tests only; `None` restores the real one."""
    global _source  # noqa: PLW0603 - one clock per process is the point of this module
    _source = source
