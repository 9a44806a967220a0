"""The phases of the policy, in the order in which their reasons are given.

Each phase looks at the facts and returns findings: what should become of the comment,
and why. No finding means that the phase has no objection. `findings.merge` decides.
"""

from collections.abc import Callable
from typing import Any

from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.policy.document import PolicyDocument
from service.policy.facts import Facts
from service.policy.findings import Finding, Reason

REPORTED = "reported"
"""Code of the reason that reports are."""

OVER_THRESHOLD = "over_threshold"
"""Code of the reason that a score is."""


Phase = Callable[[PolicyDocument, Facts], list[Finding]]


def scoring_failed(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Fail closed: without scores, a person decides (invariant 5)."""
    if facts.failure is None and facts.scores:
        return []
    return [_flag(code="scoring_failed", evidence=facts.failure or "no_scores")]


def attribute_missing(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Fail closed: a model that lacks a required attribute has not judged the comment."""
    scores = facts.scores
    if facts.failure is not None or not scores:
        return []
    return [
        _flag(code="attribute_missing", attribute=name)
        for name in policy.required
        if name not in scores
    ]


def over_threshold(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag what scores at or over a threshold, the clearest excess first."""
    scores = facts.scores
    over = [
        (threshold - scores[name], name, threshold)
        for name, threshold in policy.flag_at.items()
        if name in scores and scores[name] >= threshold
    ]
    return [
        _flag(OVER_THRESHOLD, attribute=name, score=scores[name], threshold=threshold)
        for _, name, threshold in sorted(over, key=lambda excess: excess[0])
    ]


def member_premoderated(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Have a person look at everything that a premoderated member writes."""
    if facts.member_status is MemberStatus.PREMODERATED:
        return [_flag(code="member_premoderated")]
    return []


def previously_flagged(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Let no edit talk its way past a person who has looked, or should have."""
    return [_flag(code="previously_flagged")] if facts.previously_flagged else []


def reported(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Have a person look at what enough members have reported."""
    if facts.reporters < policy.report_limit:
        return []
    return [_flag(code=REPORTED, evidence=f"{facts.reporters} members")]


PHASES: tuple[Phase, ...] = (
    scoring_failed,
    attribute_missing,
    over_threshold,
    member_premoderated,
    previously_flagged,
    reported,
)


def examine(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Return the findings of all phases. Pure: the same policy and facts give the same."""
    return [finding for phase in PHASES for finding in phase(policy, facts)]


def _flag(code: str, **more: Any) -> Finding:
    return Finding(state=State.FLAGGED, reason=Reason(code=code, **more))
