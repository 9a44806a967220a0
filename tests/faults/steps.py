"""A wall clock that tests step: the real one plus seconds that stand in a shared file."""

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_FORM = struct.Struct("d")


class Offset:
    """Seconds by which every process that shares the file sees the wall clock stepped."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing."""
        if not path.exists():
            path.write_bytes(_FORM.pack(0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _FORM.size)

    @property
    def seconds(self) -> float:
        """How far the clock is off."""
        offset: float = _FORM.unpack(self._shared[:])[0]
        return offset

    @seconds.setter
    def seconds(self, offset: float) -> None:
        self._shared[:] = _FORM.pack(offset)


def install(offset: Offset) -> None:
    """Let this process's own code, Celery and whoever asks `time.time` see the stepped clock.

    To be called before they are imported. The monotonic clock goes on, as it does in
    reality, and so do the times inside of UUIDs and of Postgres.
    """
    real = time.time
    time.time = lambda: real() + offset.seconds

    from celery import Celery

    from service import clock

    def now(*_: object) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=offset.seconds)

    clock.set_source(now)
    Celery.now = now
