"""Lease batches of pending revisions to a worker.

A lease is stored in the comment's row. A revision that failed once is leased alone, so that
one bad text cannot make its neighbours fail again and again (invariant 5).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, literal_column, or_, update
from sqlmodel import Session, col, select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.tables import SPENT_ATTEMPTS, Comment, Revision, Site
from service.tables.conditions import PENDING, has_ended
from service.tables.queues import head, in_lane
from service.telemetry.metrics import count_lost_leases
from workers.scoring.turns import Limits, Queue, Turns, Waiting, choose

SPENT = and_(PENDING, col(Comment.attempts) >= literal_column(str(SPENT_ATTEMPTS)))


@dataclass(frozen=True)
class Leased:
    """A revision under a lease."""

    comment_id: UUID
    site_id: UUID
    revision: int
    attempts: int
    """Number of leases of this revision so far, including this one."""
    body: str


@dataclass(frozen=True)
class Batch:
    """The revisions under one lease, oldest first; `more` tells whether the lane has others."""

    lease: UUID
    items: tuple[Leased, ...]
    more: bool


def free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment is under no lease.

    A lease that would last longer than MAX_LEASE was taken before the clock was set back. It
    counts as ended, since its worker may be dead, and comments should not wait for the old
    time.
    """
    return has_ended(col(Comment.leased_until), now)


def leasable(lane: Lane, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment is pending in this lane, and may be leased."""
    return and_(
        PENDING,
        in_lane(lane),
        col(Comment.attempts) < SPENT_ATTEMPTS,
        free(now),
    )


def most_urgent(database: Database, lane: Lane) -> Lane | None:
    """Return the most urgent lane with a comment to lease, up to the given one, or None.

    This only reads, so that a superfluous nudge does not wait for the write lock.
    """
    now = clock.now()
    with database.read() as session:
        for urgent in Lane:
            if (
                urgent <= lane
                and session.exec(select(Comment.id).where(leasable(urgent, now)).limit(1)).first()
            ):
                return urgent
    return None


def take(
    database: Database, lane: Lane, lease: UUID, limits: Limits, turns: Turns | None = None
) -> Batch | None:
    """Lease the next revisions of a lane in one short transaction; None if there are none.

    The batch has at least one revision, and otherwise keeps to the limits. A revision that was
    leased before comes alone. Sites come in turn, by what `turns` remembers (default: nothing).
    """
    now = clock.now()
    turns = turns or Turns()
    with database.write() as session:
        sites = turns.order(_queues(session, lane, now))[: limits.comments]
        if not sites:
            return None
        share = math.ceil(limits.comments / len(sites))
        # One more than the share of each tells whether there are more.
        found = [
            [_oldest(session, lane, queue, share + 1, now) for queue in site] for site in sites
        ]
        offered = [[row for queue in site for row in queue[:share]] for site in found]
        chosen = choose([rows for rows in offered if rows], limits)
        turns.note(comment for comment, _ in chosen)
        # A lease that ended in order has left no trace on the row.
        expired = sum(comment.lease is not None for comment, _ in chosen)
        items = _leased(session, chosen, lease, now + timedelta(seconds=limits.seconds))
    count_lost_leases("expired", expired)
    more = sum(len(queue) for site in found for queue in site) > len(items)
    return Batch(lease, items, more) if items else None


def _leased(
    session: Session, chosen: Iterable[Waiting], lease: UUID, until: datetime
) -> tuple[Leased, ...]:
    """Put the lease on the comments, and return them, oldest first."""
    oldest_first = sorted(chosen, key=lambda waiting: (waiting[0].pending_since, waiting[0].id))
    for comment, _ in oldest_first:
        comment.lease = lease
        comment.leased_until = until
        comment.attempts += 1
    session.flush()
    return tuple(
        Leased(
            comment_id=comment.id,
            site_id=comment.site_id,
            revision=comment.revision,
            attempts=comment.attempts,
            body=revision.body,
        )
        for comment, revision in oldest_first
    )


def _queues(session: Session, lane: Lane, now: datetime) -> Iterator[Queue]:
    """Yield the queues of all sites in which something may be leased.

    One look into the index for each queue: the longest backlog costs no more than one comment.
    """
    free_to_lease = leasable(lane, now)
    heads = select(
        Site.id,
        head(lane, free_to_lease, is_long=False).label("short"),
        head(lane, free_to_lease, is_long=True).label("long"),
    ).subquery()
    waiting = select(heads.c.id, heads.c.short, heads.c.long).where(
        or_(heads.c.short.is_not(None), heads.c.long.is_not(None))
    )
    for site_id, short, long in session.exec(waiting):
        if short:
            yield Queue(site_id, is_long=False, since=short)
        if long:
            yield Queue(site_id, is_long=True, since=long)


def _oldest(
    session: Session, lane: Lane, queue: Queue, count: int, now: datetime
) -> Sequence[Waiting]:
    """Return the oldest comments of the queue, locked until the commit; others may lock the rest.

    It may return none, where another worker took them since the queue was found.
    """
    query = (
        select(Comment, Revision)
        .join(
            Revision,
            and_(
                col(Revision.comment_id) == col(Comment.id),
                col(Revision.number) == col(Comment.revision),
            ),
        )
        .where(leasable(lane, now), col(Comment.site_id) == queue.site_id)
        .where(col(Comment.is_long).is_(queue.is_long))
        .order_by(col(Comment.pending_since), col(Comment.id))
        .limit(count)
        .with_for_update(skip_locked=True, of=Comment)
    )
    return session.exec(query).all()


def end(database: Database, lease: UUID) -> None:
    """End the lease of a batch that failed, so that each of its revisions is tried alone."""
    with database.write() as session:
        session.execute(_released(lease))


def give_back(database: Database, lease: UUID) -> None:
    """Undo a lease as if it had never been taken, where its texts did not cause the failure."""
    with database.write() as session:
        session.execute(_released(lease).values(attempts=col(Comment.attempts) - 1))


def _released(lease: UUID) -> Update:
    # Deciding, editing and withdrawing end a lease, so comments under it are pending.
    return (
        update(Comment)
        .where(col(Comment.lease) == lease, PENDING)
        .values(lease=None, leased_until=None)
        .execution_options(synchronize_session=False)
    )
