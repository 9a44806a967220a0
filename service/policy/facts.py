"""The facts that the policy judges by; stored with each decision to recompute it later."""

from collections.abc import Collection
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from service.domain.languages import UNDETERMINED, Detection
from service.domain.scores import ATTRIBUTES
from service.domain.vocabulary import MemberStatus


class Language(BaseModel):
    """The language of a text, as it was detected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    """ISO 639 code, or `und` where it could not be determined."""
    confidence: float
    """Confidence 0..1 of the detection."""
    letters: int
    """Letters by which it was detected."""
    supported: bool
    """Whether the model is calibrated for it. `und` counts as a language that it is for."""

    @classmethod
    def of(cls, found: Detection, known: Collection[str]) -> Self:
        """Return the facts on a detected language; `known` are the languages of the model."""
        return cls(
            code=found.code,
            confidence=round(found.confidence, 4),
            letters=found.letters,
            supported=found.code in (*known, UNDETERMINED),
        )


class Facts(BaseModel):
    """All data that a decision depends on besides the policy document (invariant 10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    """Version of this form; a new meaning of a field makes a new version."""

    forms: dict[str, dict[str, float]]
    """Scores 0..1 by attribute, for each text form that was scored; empty if scoring failed."""
    failure: str | None = None
    """Name of the error with which scoring finally failed; never a text."""
    language: Language | None = None
    """The language of the text; None where it was not scored."""
    member_status: MemberStatus = MemberStatus.ACTIVE
    previously_flagged: bool = False
    """Whether the comment was flagged before, or decided by a moderator."""

    reporters: int = 0
    """How many different members have an open report of the comment."""

    @property
    def scores(self) -> dict[str, float]:
        """The highest score of each attribute over all text forms."""
        return {
            name: max(form[name] for form in self.forms.values() if name in form)
            for name in ATTRIBUTES
            if any(name in form for form in self.forms.values())
        }
