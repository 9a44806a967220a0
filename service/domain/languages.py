"""Languages: their codes, and which one a text counts as. Pure functions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

UNDETERMINED = "und"
"""ISO 639-2's code for a text whose language cannot be determined."""

FIRST_LANGUAGE = "de"
"""The main language of a site that has named none."""

MAIN_CODE = r"^(?!und$)[a-z]{2,3}$"
"""The form of a main language: an ISO 639 code without a region, since models know none."""

FOREIGN_FROM = 0.8
"""Lowest confidence 0..1 at which a text counts as one of a language that the model lacks.

Of 80 short insults in German and English, one was detected as Esperanto (0.72) and one as Swedish
(0.65). Of 24 foreign sentences that were detected at all, 23 were with 0.83 or more.
"""

FOREIGN_LETTERS = 20
"""Fewest letters of a text that counts as foreign to the policy: names and greetings have fewer."""

_CLEARLY = 2.0
"""So many times as likely as the next: below it, the detector knows hardly a part of the text."""

_RENAMED = {"in": "id", "iw": "he", "ji": "yi"}
"""Codes of ISO 639 that were renamed in 1989, old → new. Google's clients still send the old."""


@dataclass(frozen=True)
class Detection:
    """What the detector finds: a language, and how likely each of the model's languages is."""

    code: str = UNDETERMINED
    """ISO 639 code, or `und` for a text that is short, mixed or doubtful."""
    confidence: float = 0.0
    """Of the likeliest language of all, 0..1."""
    likelihoods: Mapping[str, float] = field(default_factory=dict)
    """Language of the model → likelihood 0..1; empty for a text without letters."""
    letters: int = 0
    """Letters of the part of the text that the detector read."""


def counts_as(found: Detection, known: Collection[str], main: str) -> str:
    """Return the language that a text counts as.

    `known` are the languages of the model, and `main` is the main language of those who wrote.
    A language of the model counts as detected, and a foreign one where the detector is sure of
    it. All else, `und` above all, counts as that language of the model which is clearly likelier
    than the others, or else as `main`. A short insult would go unscored otherwise.
    """
    if found.code in known:
        return found.code
    if found.code != UNDETERMINED and found.confidence >= FOREIGN_FROM:
        return found.code
    return _likelier(found.likelihoods, known) or main


def primary(tag: str) -> str:
    """Return the primary language of a tag (RFC 5646, section 2.2.1), old codes renamed."""
    code = tag.partition("-")[0]
    return _RENAMED.get(code, code)


def _likelier(likelihoods: Mapping[str, float], known: Collection[str]) -> str | None:
    """Return the known language that is clearly likelier than all other known ones."""
    ordered = sorted(known, key=lambda code: likelihoods.get(code, 0.0), reverse=True)
    first, second = [likelihoods.get(code, 0.0) for code in [*ordered, "", ""][:2]]
    return ordered[0] if first > 0 and first >= _CLEARLY * second else None
