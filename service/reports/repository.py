"""Open reports, as parts of queries; each is scoped to a site."""

from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, func
from sqlmodel import col, select

from service.tables import Comment, Report
from service.tables.conditions import OPEN_REPORT


def has_open_report(site_id: UUID) -> ColumnElement[bool]:
    """Return whether the comment has an open report, whatever its state.

    Reads the partial index of open reports, so that a database can start from the
    few comments that were reported instead of from all that are approved.
    """
    reported = select(Report.comment_id).where(col(Report.site_id) == site_id, OPEN_REPORT)
    return col(Comment.id).in_(reported)


def open_report_counts(site_id: UUID) -> Subquery:
    """Return the site's reported comments with their open reports: `comment_id`, `reports`.

    To be joined (outer) to the comments: `counts.c.reports` orders and shows.
    """
    return (
        select(col(Report.comment_id), func.count().label("reports"))
        .where(col(Report.site_id) == site_id, OPEN_REPORT)
        .group_by(col(Report.comment_id))
        .subquery("open_report_counts")
    )
