"""Resolves open reports when a moderator decides, and reopens them when one undoes."""

from sqlalchemy import exists, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_

from service.domain.events import EventType
from service.events import outbox
from service.tables import Decision, Report
from service.tables.conditions import OPEN_REPORT


def resolve_reports(session: Session, decision: Decision) -> None:
    """Resolve the comment's open reports by a moderator's decision; the caller commits.

    Call it after `change_state`, in the same transaction. The events of the reports are
    due when the decision's event is, and follow it. They carry the decision's id, so that
    an undo cancels them as well.
    """
    due = outbox.due_with(session, decision)
    resolved = session.scalars(
        update(Report)
        .where(
            col(Report.site_id) == decision.site_id,
            col(Report.comment_id) == decision.comment_id,
            OPEN_REPORT,
        )
        .values(resolved_at=decision.created_at, resolved_by=decision.id)
        .returning(col(Report.id))
        .execution_options(synchronize_session=False)
    )
    for report_id in sorted(resolved):
        outbox.record(
            session,
            EventType.REPORT_RESOLVED,
            outbox.about_decision(decision, report_id),
            at=decision.created_at + outbox.TICK,
            due=due,
        )
    session.flush()


def reopen_reports(session: Session, undone: Decision) -> None:
    """Reopen the reports that the undone decision had resolved; the caller commits.

    If a member has reported the comment again meanwhile, only the newer report stays open.
    The undo itself cancels those `report.resolved` events that have no number yet. A
    receiver of the others learns of the undo from `decision.reverted`.
    """
    newer = aliased(Report)
    reported_again = exists().where(
        col(newer.site_id) == undone.site_id,
        col(newer.comment_id) == undone.comment_id,
        col(newer.reporter_id) == col(Report.reporter_id),
        col(newer.resolved_at).is_(None),
    )
    session.execute(
        update(Report)
        .where(
            col(Report.site_id) == undone.site_id,
            col(Report.comment_id) == undone.comment_id,
            col(Report.resolved_by) == undone.id,
            or_(col(Report.reporter_id).is_(None), ~reported_again),
        )
        .values(resolved_at=None, resolved_by=None)
        .execution_options(synchronize_session=False)
    )
