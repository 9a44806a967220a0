"""Cache the scores of texts, without keeping the texts."""

import hashlib
import secrets
from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

from workers.engines import Scored

MAX_ENTRIES = 4096
SECONDS = 600.0


class ScoreCache:
    """A cache of scores by text, so that copies of a comment are not scored again.

    It holds hashes keyed with a secret of this process, never a text. Entries of erased
    comments expire after `SECONDS` like all others.
    """

    def __init__(self, size: int = MAX_ENTRIES, clock: Callable[[], float] = monotonic) -> None:
        """Make an empty cache of at most `size` entries; `clock` gives seconds."""
        self._key = secrets.token_bytes(32)
        self._entries: TTLCache[bytes, Scored, float] = TTLCache(size, SECONDS, clock)

    def get(self, text: str) -> Scored | None:
        """Return the cached scores of this exact text, or None."""
        # A read alone would hide expired entries, but keep them.
        self._entries.expire()
        return self._entries.get(self._digest(text))

    def put(self, text: str, scored: Scored) -> None:
        """Store the scores of a text; a full cache drops the least recently used entry."""
        self._entries[self._digest(text)] = scored

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest()
