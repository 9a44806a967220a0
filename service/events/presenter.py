"""Composes events from the rows that they are about, when they are read (invariant 8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from service.domain.events import EventType
from service.events.schemas import (
    CommentData,
    EventComment,
    EventData,
    EventDecision,
    EventOut,
    EventReason,
    EventReport,
    KeyOut,
    MemberErasedData,
    MemberStatusData,
    ReportData,
    WebhookData,
)
from service.tables import Comment, Decision, Event, Member, Moderator, Report, Thread

OF_WEBHOOKS = (EventType.WEBHOOK_TEST, EventType.WEBHOOK_DISABLED)
OF_MEMBERS = (EventType.MEMBER_STATUS_CHANGED, EventType.MEMBER_ERASED)
OF_REPORTS = (EventType.REPORT_RECEIVED, EventType.REPORT_RESOLVED)

Row = TypeVar("Row", Comment, Decision, Member, Moderator, Report, Thread)


def present_events(session: Session, site_id: UUID, events: Sequence[Event]) -> list[EventOut]:
    """Return the site's numbered events in their public form, without texts or names."""
    related = _load(session, site_id, events)
    return [
        EventOut.model_validate(
            {
                "sequence": event.sequence,
                "id": event.id,
                "type": event.type,
                "timestamp": event.created_at,
                "data": related.data(event),
            }
        )
        for event in events
    ]


@dataclass(frozen=True)
class _Related:
    """The rows that a page of events is about, by id."""

    comments: dict[UUID | None, Comment]
    decisions: dict[UUID | None, Decision]
    reports: dict[UUID | None, Report]
    keys: dict[UUID | None, KeyOut]
    """Of threads, members and moderators."""

    def data(self, event: Event) -> EventData:
        """Return the data of an event; each type has one form (`service.events.schemas`)."""
        if event.type in OF_WEBHOOKS:
            return WebhookData.model_validate(event.facts)
        if event.type in OF_MEMBERS:
            return self._member(event)
        comment = self._comment(event)
        if event.type in OF_REPORTS:
            return ReportData(comment=comment, report=self._report(event))
        return CommentData(comment=comment, decision=self._decision(event))

    def _member(self, event: Event) -> EventData:
        form = MemberErasedData if event.type is EventType.MEMBER_ERASED else MemberStatusData
        return form.model_validate(event.facts | {"member": self.keys[event.member_id]})

    def _comment(self, event: Event) -> EventComment:
        comment = self.comments[event.comment_id]
        decision = self.decisions.get(event.decision_id)
        return EventComment(
            id=comment.id,
            external_id=comment.external_id,
            thread=self.keys[comment.thread_id],
            member=self.keys[comment.member_id],
            revision=event.revision or comment.revision,
            state=decision.to_state if decision else comment.state,
        )

    def _decision(self, event: Event) -> EventDecision:
        decision = self.decisions[event.decision_id]
        return EventDecision(
            id=decision.id,
            from_state=decision.from_state,
            state=decision.to_state,
            actor=decision.actor,
            policy=decision.policy,
            moderator=self.keys.get(decision.moderator_id),
            reasons=[EventReason.model_validate(reason) for reason in decision.reasons],
            undoes=decision.undoes,
        )

    def _report(self, event: Event) -> EventReport:
        report = self.reports[event.report_id]
        return EventReport(
            id=report.id, reason=report.reason, reporter=self.keys.get(report.reporter_id)
        )


def _load(session: Session, site_id: UUID, events: Sequence[Event]) -> _Related:
    """Read the related rows with one query per table, for any number of events."""
    comments = _rows(session, site_id, Comment, [event.comment_id for event in events])
    decisions = _rows(session, site_id, Decision, [event.decision_id for event in events])
    reports = _rows(session, site_id, Report, [event.report_id for event in events])
    members = [
        *(event.member_id for event in events),
        *(comment.member_id for comment in comments.values()),
        *(report.reporter_id for report in reports.values()),
    ]
    threads = [comment.thread_id for comment in comments.values()]
    moderators = [decision.moderator_id for decision in decisions.values()]
    named = (
        _rows(session, site_id, Thread, threads)
        | _rows(session, site_id, Member, members)
        | _rows(session, site_id, Moderator, moderators)
    )
    keys = {key: KeyOut(key=row.key) for key, row in named.items()}
    return _Related(comments, decisions, reports, keys)


def _rows(
    session: Session, site_id: UUID, table: type[Row], ids: Iterable[UUID | None]
) -> dict[UUID | None, Row]:
    wanted = {row_id for row_id in ids if row_id}
    if not wanted:
        return {}
    rows = session.exec(
        select(table).where(col(table.site_id) == site_id, col(table.id).in_(wanted))
    )
    return {row.id: row for row in rows}
