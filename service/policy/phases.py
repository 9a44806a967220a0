"""The phases of the policy, in the order in which their reasons are given.

Each phase looks at the facts and returns the reasons why a person should look
at the comment; none means that the phase has no objection.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.policy.document import PolicyDocument
from service.policy.facts import Facts

REPORTED = "reported"
"""Code of the reason that reports are."""

OVER_THRESHOLD = "over_threshold"
"""Code of the reason that a score is."""


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


class Verdict(BaseModel):
    """What the policy makes of a revision."""

    model_config = ConfigDict(frozen=True)

    state: State
    reasons: tuple[Reason, ...]


Phase = Callable[[PolicyDocument, Facts], list[Reason]]


def scoring_failed(_policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Fail closed: without scores, a person decides (invariant 5)."""
    if facts.failure is None and facts.scores:
        return []
    return [Reason(code="scoring_failed", evidence=facts.failure or "no_scores")]


def attribute_missing(policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Fail closed: a model that lacks a required attribute has not judged the comment."""
    scores = facts.scores
    if facts.failure is not None or not scores:
        return []
    return [
        Reason(code="attribute_missing", attribute=name)
        for name in policy.required
        if name not in scores
    ]


def over_threshold(policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Flag what scores at or over a threshold, the clearest excess first."""
    scores = facts.scores
    reasons = [
        Reason(code=OVER_THRESHOLD, attribute=name, score=scores[name], threshold=threshold)
        for name, threshold in policy.flag_at.items()
        if name in scores and scores[name] >= threshold
    ]
    return sorted(reasons, key=lambda reason: reason.threshold - reason.score)  # type: ignore[operator]  # both are set three lines above


def member_premoderated(_policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Have a person look at everything that a premoderated member writes."""
    if facts.member_status is MemberStatus.PREMODERATED:
        return [Reason(code="member_premoderated")]
    return []


def previously_flagged(_policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Let no edit talk its way past a person who has looked, or should have."""
    return [Reason(code="previously_flagged")] if facts.previously_flagged else []


def reported(policy: PolicyDocument, facts: Facts) -> list[Reason]:
    """Have a person look at what enough members have reported."""
    if facts.reporters < policy.report_limit:
        return []
    return [Reason(code=REPORTED, evidence=f"{facts.reporters} members")]


PHASES: tuple[Phase, ...] = (
    scoring_failed,
    attribute_missing,
    over_threshold,
    member_premoderated,
    previously_flagged,
    reported,
)


def decide(policy: PolicyDocument, facts: Facts) -> Verdict:
    """Return the verdict: flagged when any phase objects, else approved.

    Pure: the same policy and facts give the same verdict, with no model at hand.
    """
    reasons = tuple(reason for phase in PHASES for reason in phase(policy, facts))
    return Verdict(state=State.FLAGGED if reasons else State.APPROVED, reasons=reasons)
