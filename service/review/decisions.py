"""Records a moderator's decision on the revision that they have read."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service import clock
from service.comments.changes import Change, change_state
from service.comments.presenter import present_decision
from service.comments.repository import lock_comment
from service.comments.schemas import DecisionOut
from service.domain.states import Actor, State
from service.errors import IllegalTransition, OutdatedDecision
from service.events.outbox import UNDO_WINDOW
from service.http.context import Context
from service.moderators.who import Who, resolve
from service.reports.resolving import resolve_reports
from service.review.claims import check_claim
from service.review.schemas import Verdict
from service.tables import Comment, Decision, Moderator


def decide(
    context: Context, site_id: UUID, comment_id: UUID, who: Who, verdict: Verdict
) -> DecisionOut:
    """Record a moderator's decision; the same decision sent again returns the first one.

    Raises NotFound, IllegalTransition for a withdrawn comment, and ClaimedByAnother.
    Raises OutdatedDecision when the revision or the expected state is no longer current.
    It also does so when a colleague has decided within the undo window and the caller
    sent no expected state: the moderator may not have seen that decision.
    """
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        moderator = resolve(session, site_id, who)
        last = last_decision(session, comment)
        if last and _is_same(last, comment, verdict, moderator):
            return present_decision(last, moderator)
        _check_current(comment, verdict, moderator, last)
        made = change_state(
            session,
            Change(
                comment,
                verdict.state,
                Actor.MODERATOR,
                reasons=_reasons(verdict),
                note=verdict.note,
                moderator_id=moderator.id,
            ),
        )
        resolve_reports(session, made)
        return present_decision(made, moderator)


def last_decision(session: Session, comment: Comment) -> Decision | None:
    """Return the newest decision on the comment, whatever its revision."""
    return session.exec(
        select(Decision)
        .where(
            col(Decision.site_id) == comment.site_id,
            col(Decision.comment_id) == comment.id,
        )
        .order_by(col(Decision.created_at).desc(), col(Decision.id).desc())
        .limit(1)
    ).one_or_none()


def _is_same(last: Decision, comment: Comment, verdict: Verdict, moderator: Moderator) -> bool:
    """Tell whether the verdict repeats the last decision, as a retry after a lost answer does."""
    return (
        last.moderator_id == moderator.id
        and last.undoes is None
        and last.revision == verdict.revision == comment.revision
        and last.to_state is verdict.state
        and last.reasons == _reasons(verdict)
        and last.note == verdict.note
    )


def _reasons(verdict: Verdict) -> list[dict[str, Any]]:
    return [{"code": verdict.reason.value}] if verdict.reason else []


def _check_current(
    comment: Comment, verdict: Verdict, moderator: Moderator, last: Decision | None
) -> None:
    now = {"state": comment.state.value, "revision": comment.revision}
    if comment.state is State.WITHDRAWN:
        raise IllegalTransition("The author has withdrawn this comment.", **now)
    if verdict.revision != comment.revision:
        raise OutdatedDecision("The text has been edited. Read the comment again.", **now)
    if verdict.expected_state not in (None, comment.state):
        raise OutdatedDecision("The state has changed. Read the comment again.", **now)
    check_claim(comment, moderator)
    if (
        verdict.expected_state is None
        and last
        and last.actor is Actor.MODERATOR
        and last.moderator_id != moderator.id
        and last.created_at > clock.now() - UNDO_WINDOW
    ):
        raise OutdatedDecision(
            "Another moderator has just decided. Read the comment again; to overrule them, "
            "send expected_state.",
            **now,
        )
