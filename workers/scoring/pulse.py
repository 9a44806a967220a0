"""What the processes of one scoring worker tell each other."""

import mmap
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

MAX_LOADING_SECONDS = 600.0
"""A model that loads for longer than this counts as one that never will."""

_MOMENT = struct.Struct("d")
_WORKED, _LOADING, _BREATHED = (number * _MOMENT.size for number in range(3))


class Pulse:
    """When a child last began or ended a task, whether one loads a model, whether the parent lives.

    The children inherit its memory by the fork. It has no lock, since a killed child would
    keep it, and needs no database, so that a slow one does not look like a dead child. The
    moments are of the monotonic clock, which all processes of a machine share.
    """

    def __init__(self) -> None:
        """Make the memory: before the fork, or nobody shares it."""
        self._memory = mmap.mmap(-1, 3 * _MOMENT.size)

    def beat(self) -> None:
        """Say that a child is at work."""
        self._set(_WORKED, time.monotonic())

    @property
    def last(self) -> float:
        """Moment of the last beat; 0 if there was none."""
        return self._get(_WORKED)

    def breathe(self) -> None:
        """Say that the parent's threads run."""
        self._set(_BREATHED, time.monotonic())

    @property
    def breath(self) -> float:
        """Moment of the parent's last breath; 0 if there was none."""
        return self._get(_BREATHED)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Say for the length of the block that a model loads, which may stop all threads."""
        self._set(_LOADING, time.monotonic())
        try:
            yield
        finally:
            self._set(_LOADING, 0.0)

    @property
    def is_loading(self) -> bool:
        """Whether a child loads a model."""
        since = self._get(_LOADING)
        return since > 0 and time.monotonic() - since < MAX_LOADING_SECONDS

    def _get(self, place: int) -> float:
        moment: float = _MOMENT.unpack_from(self._memory, place)[0]
        return moment

    def _set(self, place: int, moment: float) -> None:
        _MOMENT.pack_into(self._memory, place, moment)
