"""Taking in reports, and what moderators' decisions do to them."""

from sqlalchemy import exists, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from service.comments.changes import TICK
from service.domain.events import EventType
from service.reports.repository import is_open
from service.tables import Decision, Event, Report


def resolve_reports(session: Session, decision: Decision) -> None:
    """Resolve the comment's open reports by a moderator's decision; leaves the commit.

    Call it after `change_state`, in its transaction. The events of the reports are
    due with the decision's and follow it; they carry its id, too.
    """
    due_at = session.exec(
        select(Event.due_at).where(
            col(Event.site_id) == decision.site_id,
            col(Event.comment_id) == decision.comment_id,
            col(Event.decision_id) == decision.id,
        )
    ).one()
    resolved = session.scalars(
        update(Report)
        .where(
            col(Report.site_id) == decision.site_id,
            col(Report.comment_id) == decision.comment_id,
            is_open(),
        )
        .values(resolved_at=decision.created_at, resolved_by=decision.id)
        .returning(col(Report.id))
        .execution_options(synchronize_session=False)
    )
    for report_id in sorted(resolved):
        session.add(
            Event(
                site_id=decision.site_id,
                type=EventType.REPORT_RESOLVED,
                comment_id=decision.comment_id,
                revision=decision.revision,
                decision_id=decision.id,
                report_id=report_id,
                due_at=due_at,
                created_at=decision.created_at + TICK,
            )
        )
    session.flush()


def reopen_reports(session: Session, undone: Decision) -> None:
    """Open the reports again that the undone decision had resolved; leaves the commit.

    A member who has reported the comment again meanwhile keeps the newer report
    alone. The undo cancels the events that have no number yet; who has read one of
    the others learns of it by `decision.reverted`.
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
