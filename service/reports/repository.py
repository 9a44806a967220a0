"""Parts of queries that find open reports; each is scoped to a site."""

from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, func
from sqlmodel import col, select

from service.tables import Comment, Report
from service.tables.conditions import OPEN_REPORT


def has_open_report(site_id: UUID) -> ColumnElement[bool]:
    """Return the condition that the comment has an open report, whatever its state.

    It reads the partial index of open reports, so that the database can start from the
    few reported comments instead of from all approved ones.
    """
    reported = select(Report.comment_id).where(col(Report.site_id) == site_id, OPEN_REPORT)
    return col(Comment.id).in_(reported)


def open_report_counts(site_id: UUID) -> Subquery:
    """Return a subquery that counts the site's open reports by comment.

    Its columns are `comment_id` and `reports`; a comment without open reports has no row.
    """
    return (
        select(col(Report.comment_id), func.count().label("reports"))
        .where(col(Report.site_id) == site_id, OPEN_REPORT)
        .group_by(col(Report.comment_id))
        .subquery("open_report_counts")
    )
