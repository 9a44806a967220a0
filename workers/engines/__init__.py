"""Engines: the code that runs a network. Independent of each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tokenizers import Tokenizer


class UnscorableText(ValueError):
    """The text is not Unicode: it holds half of a surrogate pair."""


@dataclass(frozen=True)
class Scored:
    """What an engine makes of one text."""

    scores: dict[str, float]
    """Attribute → score 0..1, by Detoxify's names; all that the model has."""
    duration: float
    """Seconds that this text took."""
    forms: dict[str, dict[str, float]] = field(default_factory=dict)
    """Scores of every text form that was scored (`original`, …)."""
    spans: list[dict[str, Any]] = field(default_factory=list)
    language: str | None = None
    """ISO 639 code, or `und` where it cannot be told."""
    details: dict[str, Any] = field(default_factory=dict)
    """For the record: confidence of the language, and whether the model is calibrated for it."""


class Engine(Protocol):
    """Runs one model on texts, in one process."""

    model: str
    """SHA-256 identity of the model, hex."""
    provenance: dict[str, str]
    """Model name and version, engine, library versions, CPU instruction set (invariant 10)."""

    languages: tuple[str, ...]
    """ISO 639-1 codes of the languages that the model is calibrated for."""

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score each text; as many results as texts, in order; an empty list gives none.

        Raises UnscorableText, and what the network raises: the caller tries the texts
        one by one.
        """


@dataclass(frozen=True)
class Reading:
    """What a network makes of one window."""

    scores: dict[str, float]
    """Attribute → score 0..1."""
    marks: tuple[tuple[int, int, float], ...] = ()
    """Start, end (code points, exclusive) and toxicity 0..1 of each token.

    Empty where the model has no span head.
    """


class Network(Protocol):
    """A loaded network with its tokenizer: what differs from engine to engine."""

    tokenizer: Tokenizer
    """Without truncation or padding."""
    versions: dict[str, str]
    """Engine and the libraries that it computes with."""

    def run(self, texts: Sequence[str]) -> list[Reading]:
        """Score texts that each fit into one window."""
