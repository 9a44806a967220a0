"""Turns rows into the answers of the HTTP contract."""

from service.comments.repository import CommentRecord
from service.comments.schemas import (
    AssessmentOut,
    CommentOut,
    DecisionOut,
    MemberOut,
    ModeratorOut,
    ReasonOut,
    SpanOut,
    ThreadOut,
)
from service.domain.states import State
from service.tables import Assessment, Decision, Moderator


def present_comment(record: CommentRecord) -> CommentOut:
    """Return the comment as it is now; a pending comment is shown without a decision."""
    comment, decision = record.comment, record.decision
    decided = comment.state is not State.PENDING
    return CommentOut(
        id=comment.id,
        state=comment.state,
        revision=comment.revision,
        body=record.body,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        thread=ThreadOut(key=record.thread.key, url=record.thread.url, title=record.thread.title),
        member=MemberOut(key=record.member.key, name=record.member.name),
        parent_id=comment.parent_id,
        external_id=comment.external_id,
        audience=comment.audience,
        language=comment.language,
        assessment=present_assessment(record.assessment) if record.assessment else None,
        decision=present_decision(decision, record.moderator) if decision and decided else None,
    )


def present_assessment(assessment: Assessment) -> AssessmentOut:
    """Return the public part of an assessment."""
    return AssessmentOut(
        scores=assessment.scores,
        spans=[SpanOut.model_validate(span) for span in assessment.spans],
        model=assessment.model,
        language=assessment.language,
    )


def present_decision(decision: Decision, moderator: Moderator | None) -> DecisionOut:
    """Return a decision, with the moderator who made it."""
    return DecisionOut(
        id=decision.id,
        revision=decision.revision,
        from_state=decision.from_state,
        state=decision.to_state,
        actor=decision.actor,
        policy=decision.policy,
        moderator=ModeratorOut(key=moderator.key, name=moderator.name) if moderator else None,
        reasons=[ReasonOut.model_validate(reason) for reason in decision.reasons],
        note=decision.note,
        created_at=decision.created_at,
    )
