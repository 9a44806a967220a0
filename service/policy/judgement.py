"""From a stored policy document and recorded facts to a decision, whatever they look like."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from service.domain.states import Actor, State
from service.policy.document import PolicyDocument
from service.policy.facts import Facts
from service.policy.findings import Reason, Verdict, merge
from service.policy.phases import examine


class Judgement(BaseModel):
    """The state that a revision gets, who gives it, and why."""

    model_config = ConfigDict(frozen=True)

    state: State
    actor: Actor
    reasons: tuple[Reason, ...]


def judge(document: Mapping[str, Any] | None, facts: Facts) -> Judgement:
    """Decide by the stored document; pure, so it recomputes a decision from its record.

    Fails closed: a document that is missing or cannot be read flags. The actor is
    `system` wherever the policy had nothing to judge.
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
    return Judgement(state=verdict.state, actor=actor, reasons=verdict.reasons)


def decide(policy: PolicyDocument, facts: Facts) -> Verdict:
    """Return what the policy makes of the facts, with no model at hand; pure."""
    return merge(examine(policy, facts))
