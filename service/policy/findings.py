"""What phases find, and what follows from all findings together."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.domain.states import State


class Reason(BaseModel):
    """One reason of a decision, in the fields of the HTTP contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None
    evidence: str | None = None

    def stored(self) -> dict[str, Any]:
        """Return the fields that are set."""
        return self.model_dump(exclude_none=True)


class Finding(BaseModel):
    """What a phase would do with the comment, and why."""

    model_config = ConfigDict(frozen=True)

    state: Literal[State.FLAGGED, State.REJECTED]
    reason: Reason


class Verdict(BaseModel):
    """What the policy makes of a revision."""

    model_config = ConfigDict(frozen=True)

    state: State
    reasons: tuple[Reason, ...]


_BY_WEIGHT = (State.REJECTED, State.FLAGGED)


def merge(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict: rejected over flagged, approved without any finding.

    All reasons are kept, in the order of the phases: a moderator sees all evidence.
    """
    findings = tuple(findings)
    wanted = {finding.state for finding in findings}
    state = next((state for state in _BY_WEIGHT if state in wanted), State.APPROVED)
    return Verdict(state=state, reasons=tuple(finding.reason for finding in findings))
