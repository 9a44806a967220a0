"""A moderator's decision on the revision that they have read."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service import clock
from service.comments.changes import UNDO_WINDOW, Change, change_state
from service.comments.presenter import present_decision
from service.comments.repository import lock_comment
from service.comments.schemas import DecisionOut
from service.context import Context
from service.domain.states import Actor, State
from service.errors import ClaimedByAnother, IllegalTransition, OutdatedDecision
from service.reports.use_cases import resolve_reports
from service.review.conditions import is_held
from service.review.moderators import assert_moderator
from service.review.schemas import DecisionIn
from service.tables import Comment, Decision, Moderator


def decide(context: Context, site_id: UUID, comment_id: UUID, decision: DecisionIn) -> DecisionOut:
    """Record a moderator's decision; the same one sent again is the first one.

    Raises NotFound, IllegalTransition (withdrawn), ClaimedByAnother, or OutdatedDecision when the
    revision or the expected state is no longer current, or a colleague has decided
    within the undo window, which the moderator cannot have seen.
    """
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        moderator = assert_moderator(session, site_id, decision.moderator)
        last = last_decision(session, comment)
        if last and _is_same(last, comment, decision, moderator):
            return present_decision(last, moderator)
        _check_current(comment, decision, moderator, last)
        made = change_state(
            session,
            Change(
                comment,
                decision.state,
                Actor.MODERATOR,
                reasons=_reasons(decision),
                note=decision.note,
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


def _is_same(last: Decision, comment: Comment, decision: DecisionIn, moderator: Moderator) -> bool:
    """Tell a retry after a lost answer from a new decision."""
    return (
        last.moderator_id == moderator.id
        and last.undoes is None
        and last.revision == decision.revision == comment.revision
        and last.to_state is decision.state
        and last.reasons == _reasons(decision)
        and last.note == decision.note
    )


def _reasons(decision: DecisionIn) -> list[dict[str, Any]]:
    return [{"code": decision.reason.value}] if decision.reason else []


def _check_current(
    comment: Comment, decision: DecisionIn, moderator: Moderator, last: Decision | None
) -> None:
    now = {"state": comment.state.value, "revision": comment.revision}
    if comment.state is State.WITHDRAWN:
        raise IllegalTransition("The author has withdrawn this comment.", **now)
    if decision.revision != comment.revision:
        raise OutdatedDecision("The text has been edited since. Read the comment again.", **now)
    if decision.expected_state not in (None, comment.state):
        raise OutdatedDecision("The state has changed since. Read the comment again.", **now)
    if comment.claimed_by != moderator.id and is_held(comment.claimed_until, clock.now()):
        raise ClaimedByAnother("Take another one, or wait until the claim has ended.", **now)
    if (
        decision.expected_state is None
        and last
        and last.actor is Actor.MODERATOR
        and last.moderator_id != moderator.id
        and last.created_at > clock.now() - UNDO_WINDOW
    ):
        raise OutdatedDecision(
            "A colleague decided a moment ago. Read the comment again; to overrule them, "
            "send expected_state.",
            **now,
        )
