"""Scores of texts seen before, without the texts."""

import hashlib
import secrets
from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

from workers.engines import Scored

MAX_ENTRIES = 4096
SECONDS = 600.0


class ScoreCache:
    """The same text is scored once: copies of a comment cost nothing.

    Holds keyed hashes with a key of this process, never a text. What a
    comment's erasure leaves here is gone after `SECONDS`.
    """

    def __init__(self, size: int = MAX_ENTRIES, clock: Callable[[], float] = monotonic) -> None:
        """`size`: entries at most; `clock`: seconds."""
        self._key = secrets.token_bytes(32)
        self._entries: TTLCache[bytes, Scored, float] = TTLCache(size, SECONDS, clock)

    def get(self, text: str) -> Scored | None:
        """Return what this very text was given before, if it was not long ago."""
        # A read alone would hide what has expired, and keep it.
        self._entries.expire()
        return self._entries.get(self._digest(text))

    def put(self, text: str, scored: Scored) -> None:
        """Keep the scores of a text; the entry that was unused for longest makes room."""
        self._entries[self._digest(text)] = scored

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest()
