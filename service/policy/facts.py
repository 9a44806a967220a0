"""What the policy looks at, recorded with each decision so that it can be recomputed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from service.domain.scores import ATTRIBUTES
from service.domain.vocabulary import MemberStatus


class Facts(BaseModel):
    """Everything that a decision depends on besides the policy document (invariant 10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    """Of this form; a change of what a field means gets a new one."""

    forms: dict[str, dict[str, float]]
    """Scores 0..1 of every text form that was scored; empty when scoring failed."""
    failure: str | None = None
    """Why scoring failed for good, by its error's name; never a text."""
    member_status: MemberStatus = MemberStatus.ACTIVE
    previously_flagged: bool = False
    """An earlier revision was flagged, or decided by a moderator."""

    reporters: int = 0
    """Different members whose reports of the comment are open."""

    @property
    def scores(self) -> dict[str, float]:
        """The highest score of each attribute over all text forms."""
        return {
            name: max(form[name] for form in self.forms.values() if name in form)
            for name in ATTRIBUTES
            if any(name in form for form in self.forms.values())
        }
