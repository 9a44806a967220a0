"""Undoes a moderator's decision, within the undo window."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service import clock
from service.comments.changes import Change, change_state
from service.comments.presenter import present_decision
from service.comments.repository import lock_comment
from service.comments.schemas import DecisionOut
from service.db import after_commit
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane
from service.errors import Conflict, NotFound, NotYourDecision, UndoTooLate
from service.events import outbox
from service.http.context import Context
from service.moderators.who import Who, resolve
from service.reports.resolving import reopen_reports
from service.review.decisions import last_decision
from service.tables import Decision, Moderator

UNDONE = "undone"


def undo_decision(context: Context, site_id: UUID, decision_id: UUID, who: Who) -> DecisionOut:
    """Undo a moderator's decision: a new decision restores the comment's state before it.

    The undo cancels those events of the decision that have no number yet, and records one
    event of its own. The same undo sent again returns the first one. Raises NotFound,
    NotYourDecision, Conflict for a decision that is an undo or that no moderator made, and
    UndoTooLate when the undo window has passed or the comment has changed since.
    """
    with context.database.write() as session:
        decision = _get_decision(session, site_id, decision_id)
        comment = lock_comment(session, site_id, decision.comment_id)
        moderator = resolve(session, site_id, who)
        last = last_decision(session, comment)
        if last and last.undoes == decision.id and last.moderator_id == moderator.id:
            return present_decision(last, moderator)
        _check(decision, last, moderator)
        outbox.cancel(session, decision)
        made = change_state(
            session,
            Change(
                comment,
                decision.from_state,
                Actor.MODERATOR,
                reasons=_reasons_before(session, decision),
                moderator_id=moderator.id,
                undoes=decision.id,
            ),
        )
        reopen_reports(session, decision)
        if decision.from_state is State.PENDING:
            after_commit(session, lambda: context.nudges.nudge(Lane.COMMENTS))
        return present_decision(made, moderator)


def _get_decision(session: Session, site_id: UUID, decision_id: UUID) -> Decision:
    decision = session.exec(
        select(Decision).where(col(Decision.site_id) == site_id, col(Decision.id) == decision_id)
    ).one_or_none()
    if decision is None:
        raise NotFound("decision")
    return decision


def _check(decision: Decision, last: Decision | None, moderator: Moderator) -> None:
    if decision.actor is not Actor.MODERATOR or decision.undoes:
        raise Conflict("Only a moderator's decision can be undone. Make a new decision instead.")
    if decision.moderator_id != moderator.id and not moderator.lead:
        raise NotYourDecision("Only the moderator who decided, or a lead, can undo this.")
    if last is None or last.id != decision.id:
        raise UndoTooLate("The comment has changed since. Read it again, and make a new decision.")
    if clock.now() > decision.created_at + outbox.UNDO_WINDOW:
        seconds = int(outbox.UNDO_WINDOW.total_seconds())
        raise UndoTooLate(f"The {seconds} s for an undo have passed. Make a new decision instead.")


def _reasons_before(session: Session, decision: Decision) -> list[dict[str, Any]]:
    """Return the reasons for the restored state, so that the next moderator sees them."""
    before = session.exec(
        select(Decision)
        .where(
            col(Decision.site_id) == decision.site_id,
            col(Decision.comment_id) == decision.comment_id,
            col(Decision.revision) == decision.revision,
            col(Decision.created_at) < decision.created_at,
        )
        .order_by(col(Decision.created_at).desc())
        .limit(1)
    ).one_or_none()
    return [{"code": UNDONE}, *(before.reasons if before else [])]
