"""Decides by a stored policy document and recorded facts, even if the document is unusable."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from service.domain.states import Actor, State
from service.policy.document import PolicyDocument
from service.policy.facts import Facts
from service.policy.findings import Reason, Verdict, merge
from service.policy.phases import examine


class Judgement(BaseModel):
    """The state that a revision gets, the actor that gives it, and the reasons."""

    model_config = ConfigDict(frozen=True)

    state: State
    actor: Actor
    reasons: tuple[Reason, ...]
    risk: float | None = None
    """Highest score, 0..1, of the attributes that the policy judges; None without such a score."""


def judge(document: Mapping[str, Any] | None, facts: Facts) -> Judgement:
    """Judge the facts by the stored document.

    The function is pure, so that a decision can be recomputed from its record. It fails
    closed: if the document is missing or unreadable, the comment is flagged. The actor is
    `system` if there was no usable document or no score to judge by.
    """
    try:
        policy = PolicyDocument.model_validate(document)
    except ValidationError:
        evidence = "missing" if document is None else "unreadable"
        reason = Reason(code="policy_unusable", evidence=evidence)
        return Judgement(state=State.FLAGGED, actor=Actor.SYSTEM, reasons=(reason,))
    verdict = decide(policy, facts)
    scored = facts.failure is None and facts.scores
    actor = Actor.POLICY if scored else Actor.SYSTEM
    return Judgement(
        state=verdict.state, actor=actor, reasons=verdict.reasons, risk=_risk(policy, facts)
    )


def decide(policy: PolicyDocument, facts: Facts) -> Verdict:
    """Return the policy's verdict on the facts; pure, and needs no model."""
    return merge(examine(policy, facts))


def _risk(policy: PolicyDocument, facts: Facts) -> float | None:
    scores = facts.scores
    return max((scores[name] for name in policy.flag_at if name in scores), default=None)
