"""The phases of the policy, in the order in which their reasons are given.

A phase looks at the facts and returns findings: the state that the comment should get, and
the reason. A phase without findings has no objection. `findings.merge` decides.
"""

from collections.abc import Callable
from typing import Any

from service.domain.languages import FOREIGN_FROM, FOREIGN_LETTERS
from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.policy.document import PolicyDocument
from service.policy.facts import Facts
from service.policy.findings import Finding, Reason

REPORTED = "reported"
"""Code of the reason that enough members have reported the comment."""

OVER_THRESHOLD = "over_threshold"
"""Code of the reason that a score is at or over its threshold."""


Phase = Callable[[PolicyDocument, Facts], list[Finding]]


def scoring_failed(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment without scores, so that a person decides (fail closed, invariant 5)."""
    if facts.failure is None and facts.scores:
        return []
    return [_flag(code="scoring_failed", evidence=facts.failure or "no_scores")]


def attribute_missing(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment that lacks the score of a required attribute (fail closed, invariant 5).

    A model without that attribute has not judged the comment.
    """
    scores = facts.scores
    if facts.failure is not None or not scores:
        return []
    return [
        _flag(code="attribute_missing", attribute=name)
        for name in policy.required
        if name not in scores
    ]


def language_unsupported(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment that is surely in a language for which the model is not calibrated.

    Its scores say little. A text whose language could not be determined counts as one of the
    site's main language.
    """
    found = facts.language
    if (
        found is None
        or found.supported
        or found.confidence < FOREIGN_FROM
        or found.letters < FOREIGN_LETTERS
    ):
        return []
    return [_flag(code="language_unsupported", evidence=found.code)]


def over_threshold(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment for each score at or over its threshold, the largest excess first."""
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
    """Flag all comments of a premoderated member, so that a person looks at them."""
    if facts.member_status is MemberStatus.PREMODERATED:
        return [_flag(code="member_premoderated")]
    return []


def previously_flagged(_policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment that was flagged before or decided by a moderator.

    Otherwise its author could edit it until the policy approves it, past the moderators.
    """
    return [_flag(code="previously_flagged")] if facts.previously_flagged else []


def reported(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Flag a comment that enough members have reported, so that a person looks at it."""
    if facts.reporters < policy.report_limit:
        return []
    return [_flag(code=REPORTED, evidence=f"{facts.reporters} members")]


PHASES: tuple[Phase, ...] = (
    scoring_failed,
    attribute_missing,
    language_unsupported,
    over_threshold,
    member_premoderated,
    previously_flagged,
    reported,
)


def examine(policy: PolicyDocument, facts: Facts) -> list[Finding]:
    """Return the findings of all phases; pure: the same policy and facts give the same ones."""
    return [finding for phase in PHASES for finding in phase(policy, facts)]


def _flag(code: str, **more: Any) -> Finding:
    return Finding(state=State.FLAGGED, reason=Reason(code=code, **more))
