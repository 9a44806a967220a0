"""Open reports, as parts of queries; all but counts by known ids are scoped to a site."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, func
from sqlmodel import Session, col, select

from service.tables import Comment, Report


def is_open() -> ColumnElement[bool]:
    """Return whether no decision has resolved the report yet."""
    return col(Report.resolved_at).is_(None)


def has_open_report(site_id: UUID) -> ColumnElement[bool]:
    """Return whether the comment has an open report, whatever its state.

    Reads the partial index of open reports, so that a database can start from the
    few comments that were reported instead of from all that are approved.
    """
    reported = select(Report.comment_id).where(col(Report.site_id) == site_id, is_open())
    return col(Comment.id).in_(reported)


def open_report_counts(site_id: UUID) -> Subquery:
    """Return the site's reported comments with their open reports: `comment_id`, `reports`.

    To be joined (outer) to the comments: `counts.c.reports` orders and shows.
    """
    return (
        select(col(Report.comment_id), func.count().label("reports"))
        .where(col(Report.site_id) == site_id, is_open())
        .group_by(col(Report.comment_id))
        .subquery("open_report_counts")
    )


def count_reporters(session: Session, comments: Iterable[UUID]) -> Mapping[UUID, int]:
    """Count the different members whose reports are open, by comment; leaves out the others.

    Anonymous reports count for nothing.
    """
    counted = session.exec(
        select(Report.comment_id, func.count(col(Report.reporter_id).distinct()))
        .where(col(Report.comment_id).in_(comments), is_open())
        .group_by(col(Report.comment_id))
    )
    return {comment_id: reporters for comment_id, reporters in counted if reporters}
