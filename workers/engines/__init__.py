"""Engines, which run a model's network on texts. They are independent of each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tokenizers import Tokenizer

from service.domain.languages import Detection

ORIGINAL = "original"
"""Name of the text form that is the text itself."""


class UnscorableText(ValueError):
    """The text is not Unicode, since it holds a lone surrogate."""


class TooCostlyText(UnscorableText):
    """The text has more tokens than a network is given."""


@dataclass(frozen=True)
class Scored:
    """An engine's result for one text."""

    scores: dict[str, float]
    """Attribute → score 0..1, by Detoxify's names, for all attributes of the model."""
    duration: float
    """Seconds that the text took."""
    forms: dict[str, dict[str, float]] = field(default_factory=dict)
    """Scores of every text form that was scored (`original`, …)."""
    spans: list[dict[str, Any]] = field(default_factory=list)
    detection: Detection = field(default_factory=Detection)
    """What was found of the text's language."""
    details: dict[str, Any] = field(default_factory=dict)
    """Details for the provenance: the language's confidence, the likelihoods of the model's
    languages, and whether the language is calibrated."""

    @property
    def language(self) -> str:
        """ISO 639 code of the language, or `und` where it cannot be determined."""
        return self.detection.code


class Engine(Protocol):
    """Runs one model on texts, in one process."""

    model: str
    """SHA-256 identity of the model, hex."""
    provenance: dict[str, str]
    """Model name and version, engine, library versions, CPU instruction set (invariant 10)."""

    languages: tuple[str, ...]
    """ISO 639-1 codes of the languages that the model is calibrated for."""

    def refuses(self, text: str) -> str | None:
        """Return the cause for which the text is not to be scored; None if it may be.

        Takes little time, whatever the text.
        """

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Return one result per text, in order; for an empty list, an empty list.

        Raises UnscorableText, TooCostlyText for what it refuses, and what the network raises:
        the caller tries the texts one by one.
        """


@dataclass(frozen=True)
class Reading:
    """A network's result for one window of a text."""

    scores: dict[str, float]
    """Attribute → score 0..1."""
    marks: tuple[tuple[int, int, float], ...] = ()
    """Start, end (code points, exclusive) and toxicity 0..1 of each token.

    Empty where the model has no span head.
    """


class Network(Protocol):
    """A loaded network with its tokenizer, which is the part that differs between engines."""

    tokenizer: Tokenizer
    """The tokenizer, set to no truncation and no padding."""
    versions: dict[str, str]
    """Names of the engine, and versions of its libraries."""

    def run(self, texts: Sequence[str]) -> list[Reading]:
        """Score texts, each of which fits into one window."""
