"""The queues of pending comments: each site has two in each lane, of short texts and of long ones.

One index holds them. It gives the oldest of a queue at once, but not the oldest of all sites,
which is the oldest of the heads. A second index by age would be larger than that is worth:
Postgres would also walk it, through the backlog of all sites, to find the head of one.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, union_all
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from service.domain.vocabulary import Lane
from service.tables.comments import Comment
from service.tables.conditions import PENDING
from service.tables.sites import Site


def in_lane(lane: Lane) -> ColumnElement[bool]:
    """Return the condition that the comment is in this lane."""
    return col(Comment.lane) == literal_column(str(int(lane)))


def head(
    lane: Lane, *conditions: ColumnElement[bool], is_long: bool
) -> ColumnElement[datetime | None]:
    """Return the query for since when the first comment of a site's queue has been pending.

    It is a part of a query on sites. Only comments that meet the conditions count.
    """
    return (
        select(col(Comment.pending_since))
        .where(PENDING, in_lane(lane), col(Comment.site_id) == col(Site.id))
        .where(col(Comment.is_long).is_(is_long), *conditions)
        .order_by(col(Comment.pending_since), col(Comment.id))
        .limit(1)
        .correlate(Site)
        .scalar_subquery()
    )


def oldest_pending(lanes: Iterable[Lane] = Lane) -> SelectOfScalar[datetime | None]:
    """Return the query for since when the oldest comment of the lanes has been pending.

    It looks once into the index for each queue of each site.
    """
    heads = union_all(
        *(
            select(head(lane, is_long=is_long).label("since")).select_from(Site)
            for lane in lanes
            for is_long in (False, True)
        )
    ).subquery()
    return select(func.min(heads.c.since))
