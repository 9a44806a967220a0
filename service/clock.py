"""The one place that reads the wall clock, so that tests can freeze it."""

from collections.abc import Callable
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return _source() if _source else datetime.now(UTC)


def set_source(source: Callable[[], datetime] | None) -> None:
    """Replace the clock, for tests only; `None` restores the real one."""
    global _source  # noqa: PLW0603 - one clock per process is the point of this module
    _source = source
