"""What callers were told had been accepted: every word of it must be found again."""

import threading
from dataclasses import dataclass, field

from tests.faults.plan import POISON


@dataclass
class Kept:
    """One comment that was accepted, and what was accepted about it."""

    id: str
    token: str
    """A word that is in its texts and in no other comment's."""
    bodies: dict[int, str]
    """Revision → text."""
    withdrawn: bool = False
    decisions: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Decision → its revision and state."""
    undone: dict[str, str] = field(default_factory=dict)
    """Undoing decision → the decision that it took back."""

    @property
    def is_poison(self) -> bool:
        """Whether no engine can score it."""
        return any(word in self.bodies[1] for word in POISON)


@dataclass
class Ledger:
    """Everything that callers know, and whatever they were told that cannot be right."""

    comments: dict[str, Kept] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    """Of every comment that was sent, accepted or not."""
    wrong: list[str] = field(default_factory=list)
    operations: int = 0
    retries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepted(self, kept: Kept) -> None:
        """Note a comment."""
        with self._lock:
            self.comments[kept.id] = kept

    def sent(self, token: str) -> None:
        """Note that a comment is about to be sent."""
        with self._lock:
            self.tokens.add(token)

    def complain(self, text: str) -> None:
        """Note an answer that breaks a promise."""
        with self._lock:
            self.wrong.append(text)

    def done(self, tries: int) -> None:
        """Count an operation that got an answer in the end."""
        with self._lock:
            self.operations += 1
            self.retries += tries - 1

    def some(self) -> list[Kept]:
        """Return the comments so far, oldest first."""
        with self._lock:
            return list(self.comments.values())
