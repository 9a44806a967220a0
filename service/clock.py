"""The one place that reads the wall clock, so that tests can freeze it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return _source() if _source else datetime.now(UTC)


def lasts(until: datetime | None, longest: timedelta, at: datetime) -> bool:
    """Tell whether what ends at `until` still lasts.

    What would last for longer than `longest` was begun before the clock was set back,
    and nobody must wait for the old time: it counts as ended.
    """
    return until is not None and at < until <= at + longest


def set_source(source: Callable[[], datetime] | None) -> None:
    """Replace the clock, for tests only; `None` restores the real one."""
    global _source  # noqa: PLW0603 - one clock per process is the point of this module
    _source = source
