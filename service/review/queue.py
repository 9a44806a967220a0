"""Reads the queue of comments that wait for a moderator, in pages."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, union_all
from sqlmodel import Session, col, select

from service import clock
from service.comments.presenter import present_comment
from service.comments.repository import comments_with_text, complete
from service.comments.schemas import ModeratorOut
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor, fitting
from service.reports.repository import open_report_counts
from service.review import selection as conditions
from service.review.schemas import (
    ClaimOut,
    QueueCounts,
    QueueFilters,
    QueueItem,
    QueueOut,
    QueueQuery,
)
from service.tables import Comment, Moderator
from service.tables.conditions import FLAGGED

LIST = "queue"

Place = tuple[float, UUID]
"""A comment's place in the queue: its rank, lowest first, and its id."""


def read_queue(
    context: Context, site_id: UUID, query: QueueQuery, moderator_key: str | None = None
) -> QueueOut:
    """Return a page of flagged, reported and long-pending comments, with counts.

    The claims of the moderator with this key are marked as their own.
    """
    filters = query.model_dump(exclude={"after", "limit"}, exclude_none=True)
    after = decode_cursor(query.after, LIST, filters, _parse_place) if query.after else None
    now = clock.now()
    stale = stale_since(context, now)
    with context.database.read() as session:
        places = find_places(session, site_id, query, stale, query.limit + 1, after=after)
        ids = [comment_id for _, comment_id in places[: query.limit]]
        items = read_items(session, site_id, ids, now, moderator_key)
        counts = _count(session, site_id, stale, now)
    count = fitting([len(item.body) for item in items])
    more = len(places) > count
    following = encode_cursor(LIST, filters, _format_place(places[count - 1])) if more else None
    return QueueOut(items=items[:count], next=following, counts=counts)


def stale_since(context: Context, now: datetime) -> datetime:
    """Return the time before which a comment must have become pending to be long-pending."""
    return now - timedelta(seconds=context.settings.stale_seconds)


def find_places(  # noqa: PLR0913 - a page of a filtered list depends on all of these
    session: Session,
    site_id: UUID,
    filters: QueueFilters,
    stale: datetime,
    limit: int,
    *,
    after: Place | None = None,
    only: ColumnElement[bool] | None = None,
) -> list[Place]:
    """Return the next places of the queue; `only` is a further condition on the comments.

    Each of the conditions that put a comment into the queue has its own query, so that
    each query can use its own index.
    """
    rank = _rank(site_id, filters)
    passes = [conditions.matches(session, site_id, filters, stale)]
    if after:
        passes.append(or_(rank > after[0], and_(rank == after[0], col(Comment.id) > after[1])))
    if only is not None:
        passes.append(only)
    ways = [
        select(rank.label("rank"), col(Comment.id).label("id"))
        .where(col(Comment.site_id) == site_id, way, *passes)
        .order_by(rank, col(Comment.id))
        .limit(limit)
        .subquery()
        for way in conditions.ways_in(site_id, stale)
    ]
    together = union_all(*(select(way.c.rank, way.c.id) for way in ways)).subquery()
    page = select(together.c.rank, together.c.id).order_by(together.c.rank, together.c.id)
    return [(rank, comment_id) for rank, comment_id in session.execute(page.limit(limit))]


def read_items(
    session: Session, site_id: UUID, ids: list[UUID], now: datetime, moderator_key: str | None
) -> list[QueueItem]:
    """Return these comments as queue items, in this order, for the moderator with this key."""
    rows = session.exec(comments_with_text(site_id).where(col(Comment.id).in_(ids)))
    records = {record.comment.id: record for record in complete(session, site_id, rows)}
    counts = open_report_counts(site_id)
    reported = select(counts.c.comment_id, counts.c.reports).where(counts.c.comment_id.in_(ids))
    reports = dict(session.execute(reported).all())
    holders = _holders(session, site_id, [record.comment for record in records.values()])
    return [
        QueueItem(
            **present_comment(records[comment_id]).model_dump(),
            claim=_claim(records[comment_id].comment, holders, now, moderator_key),
            risk=records[comment_id].comment.risk,
            open_reports=reports.get(comment_id, 0),
        )
        for comment_id in ids
    ]


def _holders(session: Session, site_id: UUID, comments: list[Comment]) -> dict[UUID, Moderator]:
    ids = {comment.claimed_by for comment in comments if comment.claimed_by}
    found = session.exec(
        select(Moderator).where(col(Moderator.site_id) == site_id, col(Moderator.id).in_(ids))
    )
    return {moderator.id: moderator for moderator in found}


def _claim(
    comment: Comment, holders: dict[UUID, Moderator], now: datetime, moderator_key: str | None
) -> ClaimOut | None:
    until = comment.claimed_until
    if comment.claimed_by is None or until is None or not conditions.is_held(until, now):
        return None
    holder = holders[comment.claimed_by]
    return ClaimOut(
        moderator=ModeratorOut(key=holder.key, name=holder.name),
        until=until,
        own=holder.key == moderator_key,
    )


def _count(session: Session, site_id: UUID, stale: datetime, now: datetime) -> QueueCounts:
    def number(*where: ColumnElement[bool]) -> int:
        return session.exec(
            select(func.count()).select_from(Comment).where(col(Comment.site_id) == site_id, *where)
        ).one()

    return QueueCounts(
        flagged=number(FLAGGED),
        reported=number(conditions.reported(site_id, stale)),
        long_pending=number(conditions.long_pending(stale)),
        claimed=number(conditions.claimed(now)),
    )


def _rank(site_id: UUID, filters: QueueFilters) -> ColumnElement[float]:
    """Return the number that the queue is ordered by, lowest first.

    Comments of the same rank are ordered by id, and so by age.
    """
    if filters.order == "riskiest":
        return -func.coalesce(col(Comment.risk), 0.0)
    if filters.order == "most_reported":
        counts = open_report_counts(site_id)
        own = select(counts.c.reports).where(counts.c.comment_id == col(Comment.id))
        return -func.coalesce(own.scalar_subquery(), 0) * 1.0
    return literal(0.0)


def _format_place(place: Place) -> str:
    return f"{place[0]!r} {place[1]}"


def _parse_place(text: str) -> Place:
    rank, comment_id = text.split(" ")
    return float(rank), UUID(comment_id)
