"""The facts that the policy judges by; stored with each decision to recompute it later."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from service.domain.scores import ATTRIBUTES
from service.domain.vocabulary import MemberStatus


class Facts(BaseModel):
    """All data that a decision depends on besides the policy document (invariant 10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    """Version of this form; a new meaning of a field makes a new version."""

    forms: dict[str, dict[str, float]]
    """Scores 0..1 by attribute, for each text form that was scored; empty if scoring failed."""
    failure: str | None = None
    """Name of the error with which scoring finally failed; never a text."""
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
