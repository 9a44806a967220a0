"""The outbox: writes each event in the transaction of the change that it tells of (invariant 4).

An event is written without a number and with a due time. The sequencer numbers it when
it is due. Nothing here commits.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, update
from sqlmodel import Session, col, select

from service import clock
from service.domain.events import EventType
from service.tables import Comment, Decision, Event, Report

UNDO_WINDOW = timedelta(seconds=10)
"""How long a moderator may undo a decision; its event is held back for as long."""

TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class About:
    """The ids of the rows that an event is about; its data is composed when it is read."""

    site_id: UUID
    comment_id: UUID | None = None
    revision: int | None = None
    decision_id: UUID | None = None
    report_id: UUID | None = None
    member_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """Values that no row keeps; never a text or a name."""


def about_decision(decision: Decision, report_id: UUID | None = None) -> About:
    """Return the ids for the event of a decision, or of a report that the decision resolved."""
    return About(
        decision.site_id,
        comment_id=decision.comment_id,
        revision=decision.revision,
        decision_id=decision.id,
        report_id=report_id,
    )


def about_report(report: Report) -> About:
    """Return the ids for the event of a report."""
    return About(
        report.site_id,
        comment_id=report.comment_id,
        revision=report.revision,
        report_id=report.id,
    )


def record(
    session: Session,
    kind: EventType,
    about: About,
    *,
    at: datetime | None = None,
    due: datetime | None = None,
) -> Event:
    """Add an event that happened `at` (default: now) and is due at `due` (default: `at`)."""
    at = at or clock.now()
    event = Event(
        type=kind,
        site_id=about.site_id,
        comment_id=about.comment_id,
        revision=about.revision,
        decision_id=about.decision_id,
        report_id=about.report_id,
        member_id=about.member_id,
        facts=about.facts,
        due_at=due or at,
        created_at=at,
    )
    session.add(event)
    return event


def release(session: Session, comment: Comment, now: datetime) -> None:
    """Make the comment's held events due, so that no newer event is numbered before them."""
    session.execute(
        update(Event)
        .where(_of_comment(comment.site_id, comment.id), is_unnumbered(), col(Event.due_at) > now)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def cancel(session: Session, decision: Decision) -> None:
    """Cancel the events of a decision that have no number yet, because it is being undone."""
    session.execute(
        update(Event)
        .where(_of_decision(decision), is_unnumbered())
        .values(cancelled_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def next_moment(session: Session, comment: Comment) -> datetime:
    """Return the present time, or one TICK after the comment's last event if that is later.

    A clock that was set back must not change the order of a comment's events. The caller
    has locked the comment's row, so that no other transaction adds an event meanwhile.
    """
    last: datetime | None = session.exec(
        select(func.max(col(Event.created_at))).where(_of_comment(comment.site_id, comment.id))
    ).one()
    now = clock.now()
    return now if last is None or last < now else last + TICK


def held_until(session: Session, comment: Comment) -> datetime | None:
    """Return the latest due time of the comment's unnumbered events; None if there are none.

    A report's event must not be due earlier, so that the comment's events stay in order.
    It must not make them due now either: a report would then end a moderator's undo window.
    """
    last: datetime | None = session.exec(
        select(func.max(col(Event.due_at))).where(
            _of_comment(comment.site_id, comment.id), is_unnumbered()
        )
    ).one()
    return last


def due_with(session: Session, decision: Decision) -> datetime:
    """Return the due time of the decision's event."""
    return session.exec(select(Event.due_at).where(_of_decision(decision))).one()


def is_unnumbered() -> ColumnElement[bool]:
    """Return the condition that an event has no number yet, and was not cancelled."""
    return and_(col(Event.sequence).is_(None), col(Event.cancelled_at).is_(None))


def _of_comment(site_id: UUID, comment_id: UUID) -> ColumnElement[bool]:
    return and_(col(Event.site_id) == site_id, col(Event.comment_id) == comment_id)


def _of_decision(decision: Decision) -> ColumnElement[bool]:
    return and_(
        _of_comment(decision.site_id, decision.comment_id), col(Event.decision_id) == decision.id
    )
