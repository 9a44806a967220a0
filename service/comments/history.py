"""Reads a comment's history: its revisions, assessments, decisions and reports, in order."""

from uuid import UUID

from sqlmodel import Session, col, select

from service.comments.presenter import present_assessment, present_decision
from service.comments.repository import get_moderators, get_record
from service.comments.schemas import (
    AssessmentItem,
    DecisionItem,
    HistoryItem,
    HistoryOut,
    ReportItem,
    RevisionItem,
)
from service.domain.vocabulary import DecisionReason
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor
from service.http.schemas import ReporterOut
from service.tables import Assessment, Decision, Member, Report, Revision

LIST = "history"
_ORDER = {"revision": 0, "assessment": 1, "decision": 2, "report": 3}


def get_history(
    context: Context, site_id: UUID, comment_id: UUID, after: str | None, limit: int
) -> HistoryOut:
    """Return a page of the comment's history, oldest first; raises NotFound or Invalid."""
    filters = {"comment": str(comment_id)}
    start = decode_cursor(after, LIST, filters, int) if after else 0
    with context.database.read() as session:
        get_record(session, site_id, comment_id)
        items = sorted(
            [
                *_revisions(session, site_id, comment_id),
                *_assessments(session, site_id, comment_id),
                *_decisions(session, site_id, comment_id),
                *_reports(session, site_id, comment_id),
            ],
            key=lambda item: (item.at, item.revision, _ORDER[item.kind]),
        )
    end = start + limit
    following = encode_cursor(LIST, filters, str(end)) if end < len(items) else None
    return HistoryOut(items=items[start:end], next=following)


def _revisions(session: Session, site_id: UUID, comment_id: UUID) -> list[HistoryItem]:
    rows = session.exec(
        select(Revision).where(
            col(Revision.site_id) == site_id, col(Revision.comment_id) == comment_id
        )
    )
    return [RevisionItem(at=row.created_at, revision=row.number, body=row.body) for row in rows]


def _assessments(session: Session, site_id: UUID, comment_id: UUID) -> list[HistoryItem]:
    rows = session.exec(
        select(Assessment).where(
            col(Assessment.site_id) == site_id, col(Assessment.comment_id) == comment_id
        )
    )
    return [
        AssessmentItem(
            **present_assessment(row).model_dump(),
            at=row.created_at,
            revision=row.revision,
            forms=row.forms,
            provenance=row.provenance,
            duration=row.duration,
        )
        for row in rows
    ]


def _decisions(session: Session, site_id: UUID, comment_id: UUID) -> list[HistoryItem]:
    rows = session.exec(
        select(Decision).where(
            col(Decision.site_id) == site_id, col(Decision.comment_id) == comment_id
        )
    ).all()
    moderators = get_moderators(session, site_id, rows)
    return [
        DecisionItem(
            **present_decision(
                row, moderators.get(row.moderator_id) if row.moderator_id else None
            ).model_dump(),
            at=row.created_at,
            facts=row.facts,
        )
        for row in rows
    ]


def _reports(session: Session, site_id: UUID, comment_id: UUID) -> list[HistoryItem]:
    rows = session.exec(
        select(Report, Member.key)
        .join(Member, col(Member.id) == col(Report.reporter_id), isouter=True)
        .where(col(Report.site_id) == site_id, col(Report.comment_id) == comment_id)
    )
    return [
        ReportItem(
            at=report.created_at,
            id=report.id,
            revision=report.revision,
            reporter=ReporterOut(key=key) if key else None,
            reason=DecisionReason(report.reason),
            note=report.note,
            resolved_at=report.resolved_at,
        )
        for report, key in rows
    ]
