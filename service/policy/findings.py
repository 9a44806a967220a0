"""The findings of the policy's phases, and the verdict that follows from them."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.domain.states import State

CODES: dict[str, str] = {
    "over_threshold": "a score is at or over the policy's threshold of its `attribute`",
    "attribute_missing": "the model gives no score for an `attribute` that the policy requires",
    "language_unsupported": "the text is surely in a language for which the model is not "
    "calibrated; `evidence` is its ISO 639 code",
    "scoring_failed": "the text could not be scored; `evidence` names the cause",
    "policy_unusable": "the site's policy is missing or cannot be read",
    "member_premoderated": "the member's comments all go to a moderator",
    "previously_flagged": "an edit of a comment that was flagged, or decided by a moderator",
    "reported": "enough different members have reported the comment",
    "undone": "a moderator's decision was undone; the reasons of the state before follow",
}
"""Meaning of each code of a reason, besides those that moderators give (`DecisionReason`)."""


class Reason(BaseModel):
    """One reason of a decision, in the fields of the HTTP contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None
    evidence: str | None = None

    def stored(self) -> dict[str, Any]:
        """Return the fields that are set, as they are stored with the decision."""
        return self.model_dump(exclude_none=True)


class Finding(BaseModel):
    """The state that a phase wants for the comment, and the reason."""

    model_config = ConfigDict(frozen=True)

    state: Literal[State.FLAGGED, State.REJECTED]
    reason: Reason


class Verdict(BaseModel):
    """The state that the policy gives a revision, and its reasons."""

    model_config = ConfigDict(frozen=True)

    state: State
    reasons: tuple[Reason, ...]


_BY_WEIGHT = (State.REJECTED, State.FLAGGED)


def merge(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict: the gravest state that a finding wants, or approved without findings.

    All reasons are kept in the order of the phases, so that a moderator sees all evidence.
    """
    findings = tuple(findings)
    wanted = {finding.state for finding in findings}
    state = next((state for state in _BY_WEIGHT if state in wanted), State.APPROVED)
    return Verdict(state=state, reasons=tuple(finding.reason for finding in findings))
