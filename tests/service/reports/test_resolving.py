"""A moderator's decision resolves the open reports; its undo opens them again."""

from uuid import UUID

from sqlmodel import Session, col, select

from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.events.outbox import cancel
from service.reports.repository import has_open_report, open_report_counts
from service.reports.resolving import reopen_reports, resolve_reports
from service.tables import Comment, Decision, Event, Report
from service.testing.backend import Backend


def add_report(backend: Backend, comment_id: UUID, reporter_id: UUID | None = None) -> UUID:
    with backend.database.write() as session:
        report = Report(
            site_id=backend.rows.site_id,
            comment_id=comment_id,
            revision=1,
            reporter_id=reporter_id,
            reason="spam",
        )
        session.add(report)
        return report.id


def decide(session: Session, backend: Backend, comment_id: UUID, state: State) -> Decision:
    comment = lock_comment(session, backend.rows.site_id, comment_id)
    decision = change_state(session, Change(comment, state, Actor.MODERATOR))
    resolve_reports(session, decision)
    return decision


def events(backend: Backend, comment_id: UUID, type_: EventType) -> list[Event]:
    with backend.database.read() as session:
        return list(
            session.exec(
                select(Event)
                .where(col(Event.comment_id) == comment_id, col(Event.type) == type_)
                .order_by(col(Event.id))
            )
        )


def reports(backend: Backend, comment_id: UUID) -> list[Report]:
    with backend.database.read() as session:
        return list(
            session.exec(
                select(Report).where(col(Report.comment_id) == comment_id).order_by(col(Report.id))
            )
        )


def reported(backend: Backend) -> dict[UUID, int]:
    """Return the site's reported comments with the number of open reports."""
    site_id = backend.rows.site_id
    counts = open_report_counts(site_id)
    with backend.database.read() as session:
        return dict(
            session.exec(
                select(col(Comment.id), counts.c.reports)
                .join(counts, counts.c.comment_id == col(Comment.id))
                .where(has_open_report(site_id))
            ).all()
        )


def test_open_reports_are_found_and_counted_on_their_site_alone(
    backend: Backend, other_site: Backend
) -> None:
    one, other = UUID(backend.comment()["id"]), UUID(other_site.comment()["id"])
    backend.comment()
    add_report(backend, one)
    add_report(backend, one, backend.rows.member_id)
    add_report(other_site, other)
    assert reported(backend) == {one: 2}
    assert reported(other_site) == {other: 1}


def test_a_decision_resolves_them_with_events_that_follow_its_own(backend: Backend) -> None:
    comment_id, unconcerned = (UUID(backend.comment()["id"]) for _ in range(2))
    ids = [add_report(backend, comment_id), add_report(backend, comment_id)]
    add_report(backend, unconcerned)
    with backend.database.write() as session:
        decision = decide(session, backend, comment_id, State.APPROVED)
    assert {row.resolved_by for row in reports(backend, comment_id)} == {decision.id}
    assert {row.resolved_at for row in reports(backend, comment_id)} == {decision.created_at}
    assert reported(backend) == {unconcerned: 1}
    (told,) = events(backend, comment_id, EventType.COMMENT_APPROVED)
    resolved = events(backend, comment_id, EventType.REPORT_RESOLVED)
    assert {event.report_id for event in resolved} == set(ids)
    assert {event.due_at for event in resolved} == {told.due_at}
    assert min(event.created_at for event in resolved) > told.created_at


def test_an_undo_opens_them_again_and_takes_back_what_nobody_has_read(backend: Backend) -> None:
    comment_id = UUID(backend.comment()["id"])
    add_report(backend, comment_id)
    add_report(backend, comment_id)
    with backend.database.write() as session:
        first = decide(session, backend, comment_id, State.REJECTED)
    with backend.database.write() as session:
        numbered = session.exec(
            select(Event).where(
                col(Event.decision_id) == first.id, col(Event.type) == EventType.REPORT_RESOLVED
            )
        ).first()
        assert numbered
        numbered.sequence = 1
    with backend.database.write() as session:
        undone = session.get_one(Decision, first.id)
        cancel(session, undone)
        reopen_reports(session, undone)
    assert reported(backend) == {comment_id: 2}
    cancelled = [
        event.cancelled_at is not None
        for event in events(backend, comment_id, EventType.REPORT_RESOLVED)
    ]
    assert sorted(cancelled) == [False, True]


def test_an_undo_leaves_a_member_one_open_report(backend: Backend) -> None:
    comment_id, member_id = UUID(backend.comment()["id"]), backend.rows.member_id
    add_report(backend, comment_id, member_id)
    with backend.database.write() as session:
        decision = decide(session, backend, comment_id, State.APPROVED)
    again = add_report(backend, comment_id, member_id)
    with backend.database.write() as session:
        reopen_reports(session, session.get_one(Decision, decision.id))
    assert [row.id for row in reports(backend, comment_id) if row.resolved_at is None] == [again]


def test_an_undo_does_not_touch_what_another_decision_resolved(backend: Backend) -> None:
    comment_id = UUID(backend.comment()["id"])
    add_report(backend, comment_id)
    with backend.database.write() as session:
        decide(session, backend, comment_id, State.FLAGGED)
    add_report(backend, comment_id)
    with backend.database.write() as session:
        second = decide(session, backend, comment_id, State.REJECTED)
    with backend.database.write() as session:
        reopen_reports(session, session.get_one(Decision, second.id))
    assert [row.resolved_at is None for row in reports(backend, comment_id)] == [False, True]
