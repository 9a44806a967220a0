"""The moderators' queue, and their decisions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from service import clock
from service.comments.changes import UNDO_WINDOW, Change, change_state
from service.comments.presenter import present_comment, present_decision
from service.comments.repository import comments_with_text, complete, lock_comment
from service.comments.schemas import DecisionOut
from service.context import Context
from service.domain.states import Actor, State
from service.errors import IllegalTransition, Invalid, OutdatedDecision
from service.paging import decode_cursor, encode_cursor
from service.review.schemas import DecisionIn, QueueCounts, QueueOut, QueueQuery
from service.schemas import ModeratorIn
from service.sites.use_cases import ACCOUNT_PREFIX
from service.tables import Comment, Decision, Moderator
from service.upsert import find_or_make

LIST = "queue"


def read_queue(context: Context, site_id: UUID, query: QueueQuery) -> QueueOut:
    """Return a page of flagged and long-pending comments, oldest first, with counts."""
    filters: dict[str, str] = {"order": query.order}
    position = decode_cursor(query.after, LIST, filters, UUID) if query.after else None
    stale = clock.now() - timedelta(seconds=context.settings.stale_seconds)
    page = (
        comments_with_text(site_id)
        .where(or_(_flagged(), _long_pending(stale)))
        .order_by(col(Comment.id))
        .limit(query.limit + 1)
    )
    if position:
        page = page.where(col(Comment.id) > position)
    with context.database.read() as session:
        rows = session.execute(page).all()
        records = complete(session, site_id, [row.tuple() for row in rows[: query.limit]])
        counts = QueueCounts(
            flagged=_count(session, site_id, _flagged()),
            long_pending=_count(session, site_id, _long_pending(stale)),
        )
    items = [present_comment(record) for record in records]
    more = len(rows) > query.limit
    return QueueOut(
        items=items,
        next=encode_cursor(LIST, filters, str(items[-1].id)) if more else None,
        counts=counts,
    )


def _flagged() -> ColumnElement[bool]:
    return col(Comment.state) == State.FLAGGED


def _long_pending(stale: datetime) -> ColumnElement[bool]:
    return and_(col(Comment.state) == State.PENDING, col(Comment.pending_since) < stale)


def _count(session: Session, site_id: UUID, condition: ColumnElement[bool]) -> int:
    return session.exec(
        select(func.count()).select_from(Comment).where(col(Comment.site_id) == site_id, condition)
    ).one()


def decide(context: Context, site_id: UUID, comment_id: UUID, decision: DecisionIn) -> DecisionOut:
    """Record a moderator's decision; the same one sent again is the first one.

    Raises NotFound, IllegalTransition (withdrawn), or OutdatedDecision when the
    revision or the expected state is no longer current, or a colleague has decided
    within the undo window, which the moderator cannot have seen.
    """
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        moderator = _assert_moderator(session, site_id, decision.moderator)
        last = _last_decision(session, comment)
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
        return present_decision(made, moderator)


def _assert_moderator(session: Session, site_id: UUID, asserted: ModeratorIn) -> Moderator:
    """Return the moderator that the site's backend speaks for, known from now on."""
    if asserted.key.startswith(ACCOUNT_PREFIX):
        raise Invalid.at(
            "/moderator/key", f"Keys that begin with {ACCOUNT_PREFIX} belong to accounts."
        )
    moderator = find_or_make(session, Moderator, site_id, [asserted.key])[asserted.key]
    if asserted.name is not None and asserted.name != moderator.name:
        moderator.name = asserted.name
    return moderator


def _last_decision(session: Session, comment: Comment) -> Decision | None:
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
