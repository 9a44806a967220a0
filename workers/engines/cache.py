"""Scores of texts seen before, without the texts."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from workers.engines import Scored

SIZE = 4096
SECONDS = 600.0


class ScoreCache:
    """The same text is scored once: copies of a comment cost nothing.

    Holds keyed hashes with a key of this process, never a text. What a
    comment's erasure leaves here is gone after `SECONDS`.
    """

    def __init__(self, size: int = SIZE, clock: Callable[[], float] = monotonic) -> None:
        """`size`: entries at most; `clock`: seconds."""
        self._size = size
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._entries: OrderedDict[bytes, tuple[float, Scored]] = OrderedDict()

    def get(self, text: str) -> Scored | None:
        """Return what this very text was given before, if it was not long ago."""
        self._expire()
        entry = self._entries.get(self._digest(text))
        return entry[1] if entry else None

    def put(self, text: str, scored: Scored) -> None:
        """Keep the scores of a text; the oldest entry makes room."""
        self._entries[self._digest(text)] = (self._clock() + SECONDS, scored)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def _expire(self) -> None:
        now = self._clock()
        while self._entries and next(iter(self._entries.values()))[0] <= now:
            self._entries.popitem(last=False)

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest()
