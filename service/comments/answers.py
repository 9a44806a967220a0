"""The stored form of an answer: enough to compose it again, with no text in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service.comments.presenter import present_assessment, present_comment, present_decision
from service.comments.repository import get_body, get_moderators, get_record
from service.comments.schemas import CommentOut
from service.domain.states import State
from service.tables import Assessment, Decision


def remember(comment: CommentOut) -> dict[str, Any]:
    """Return what identifies this answer: ids, times, state and revision."""
    return {
        "id": str(comment.id),
        "state": comment.state.value,
        "revision": comment.revision,
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
        "decision": str(comment.decision.id) if comment.decision else None,
    }


def recall(session: Session, site_id: UUID, answer: dict[str, Any]) -> CommentOut:
    """Compose the answer as it was given, though the comment may have changed since."""
    record = get_record(session, site_id, UUID(answer["id"]))
    now = present_comment(record)
    revision = answer["revision"]
    then = now.model_copy(
        update={
            "state": State(answer["state"]),
            "revision": revision,
            "body": get_body(session, site_id, now.id, revision),
            "edited_at": answer["edited_at"] and datetime.fromisoformat(answer["edited_at"]),
            "assessment": None,
            "decision": None,
        }
    )
    if answer["decision"]:
        _add_decision(session, site_id, then, UUID(answer["decision"]))
    return then


def _add_decision(session: Session, site_id: UUID, comment: CommentOut, decision_id: UUID) -> None:
    decision = session.exec(
        select(Decision).where(col(Decision.site_id) == site_id, col(Decision.id) == decision_id)
    ).one()
    moderators = get_moderators(session, site_id, [decision])
    moderator = moderators.get(decision.moderator_id) if decision.moderator_id else None
    comment.decision = present_decision(decision, moderator)
    if decision.assessment_id:
        assessment = session.exec(
            select(Assessment).where(
                col(Assessment.site_id) == site_id, col(Assessment.id) == decision.assessment_id
            )
        ).one()
        comment.assessment = present_assessment(assessment)
