"""Reads a comment's history: its revisions, assessments, decisions and reports, in order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import literal, union_all
from sqlmodel import Session, col, select

from service.comments.presenter import present_assessment, present_decision
from service.comments.repository import get_moderators, get_record
from service.comments.schemas import (
    AssessmentItem,
    DecisionItem,
    FactsOut,
    HistoryItem,
    HistoryOut,
    ReportItem,
    RevisionItem,
)
from service.domain.vocabulary import DecisionReason
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor, fitting
from service.http.schemas import ReporterOut
from service.tables import Assessment, Decision, Member, Report, Revision

LIST = "history"

Entry = tuple[str, UUID, int]
"""The kind of an item, the id of its row (of the comment, for a revision), and its revision."""

_SOURCES: tuple[tuple[str, Any, Any, Any], ...] = (
    ("revision", Revision, Revision.comment_id, Revision.number),
    ("assessment", Assessment, Assessment.id, Assessment.revision),
    ("decision", Decision, Decision.id, Decision.revision),
    ("report", Report, Report.id, Report.revision),
)
"""Kind, table, id and revision, in the order of what happens at the same moment."""


def get_history(
    context: Context, site_id: UUID, comment_id: UUID, after: str | None, limit: int
) -> HistoryOut:
    """Return a page of the comment's history, oldest first; raises NotFound or Invalid."""
    filters = {"comment": str(comment_id)}
    start = decode_cursor(after, LIST, filters, int) if after else 0
    with context.database.read() as session:
        get_record(session, site_id, comment_id)
        entries = _entries(session, site_id, comment_id, start, limit + 1)
        items = _items(session, site_id, comment_id, entries[:limit])
    sizes = [len(item.body) if item.kind == "revision" else 0 for item in items]
    count = fitting(sizes)
    more = len(entries) > count
    following = encode_cursor(LIST, filters, str(start + count)) if more else None
    return HistoryOut(items=items[:count], next=following)


def _entries(
    session: Session, site_id: UUID, comment_id: UUID, start: int, limit: int
) -> list[Entry]:
    """Return what happened to the comment, in order, from a place on: without any content."""
    parts: list[Any] = [
        select(
            literal(place).label("place"),
            col(table.created_at).label("at"),
            col(row_id).label("id"),
            col(revision).label("revision"),
        ).where(col(table.site_id) == site_id, col(table.comment_id) == comment_id)
        for place, (_, table, row_id, revision) in enumerate(_SOURCES)
    ]
    together = union_all(*parts).subquery()
    page = (
        select(together.c.place, together.c.id, together.c.revision)
        .order_by(together.c.at, together.c.revision, together.c.place, together.c.id)
        .offset(start)
        .limit(limit)
    )
    return [
        (_SOURCES[place][0], row_id, revision) for place, row_id, revision in session.execute(page)
    ]


def _items(
    session: Session, site_id: UUID, comment_id: UUID, entries: Sequence[Entry]
) -> list[HistoryItem]:
    """Return the content of these entries, in their order; one query per kind."""

    def ids(kind: str) -> list[UUID]:
        return [row_id for of_kind, row_id, _ in entries if of_kind == kind]

    numbers = [number for kind, _, number in entries if kind == "revision"]
    found: dict[Entry, HistoryItem] = {
        ("revision", comment_id, row.number): _revision(row)
        for row in session.exec(
            select(Revision).where(
                col(Revision.site_id) == site_id,
                col(Revision.comment_id) == comment_id,
                col(Revision.number).in_(numbers),
            )
        )
    }
    for row in session.exec(
        select(Assessment).where(
            col(Assessment.site_id) == site_id, col(Assessment.id).in_(ids("assessment"))
        )
    ):
        found["assessment", row.id, row.revision] = _assessment(row)
    found |= _decisions(session, site_id, ids("decision"))
    found |= _reports(session, site_id, ids("report"))
    return [found[entry] for entry in entries]


def _revision(row: Revision) -> HistoryItem:
    return RevisionItem(at=row.created_at, revision=row.number, body=row.body)


def _assessment(row: Assessment) -> HistoryItem:
    return AssessmentItem(
        **present_assessment(row).model_dump(),
        at=row.created_at,
        revision=row.revision,
        forms=row.forms,
        provenance=row.provenance,
        duration=row.duration,
    )


def _decisions(session: Session, site_id: UUID, ids: Sequence[UUID]) -> dict[Entry, HistoryItem]:
    rows = session.exec(
        select(Decision).where(col(Decision.site_id) == site_id, col(Decision.id).in_(ids))
    ).all()
    moderators = get_moderators(session, site_id, rows)
    return {
        ("decision", row.id, row.revision): DecisionItem(
            **present_decision(
                row, moderators.get(row.moderator_id) if row.moderator_id else None
            ).model_dump(),
            at=row.created_at,
            facts=FactsOut.model_validate(row.facts),
        )
        for row in rows
    }


def _reports(session: Session, site_id: UUID, ids: Sequence[UUID]) -> dict[Entry, HistoryItem]:
    rows = session.exec(
        select(Report, Member.key)
        .join(Member, col(Member.id) == col(Report.reporter_id), isouter=True)
        .where(col(Report.site_id) == site_id, col(Report.id).in_(ids))
    )
    return {
        ("report", report.id, report.revision): ReportItem(
            at=report.created_at,
            id=report.id,
            revision=report.revision,
            reporter=ReporterOut(key=key) if key else None,
            reason=DecisionReason(report.reason),
            note=report.note,
            resolved_at=report.resolved_at,
        )
        for report, key in rows
    }
