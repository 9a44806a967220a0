"""Lease batches of pending revisions to a worker.

A lease is stored in the comment's row. A revision that failed once is leased alone, so that
one bad text cannot make its neighbours fail again and again (invariant 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, literal_column, update
from sqlmodel import col, select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.tables import SPENT_ATTEMPTS, Comment, Revision
from service.tables.conditions import PENDING, has_ended
from service.telemetry.metrics import count_lost_leases
from workers.engines.cost import most_tokens

SPENT = and_(PENDING, col(Comment.attempts) >= literal_column(str(SPENT_ATTEMPTS)))


@dataclass(frozen=True)
class Limits:
    """The limits of one lease: comments, characters and seconds."""

    comments: int
    tokens: int
    """Estimated; never fewer than there are."""
    seconds: float


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
        col(Comment.lane) == int(lane),
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


def take(database: Database, lane: Lane, lease: UUID, limits: Limits) -> Batch | None:
    """Lease the oldest revisions of a lane in one short transaction; None if there are none.

    The batch has at least one revision, and otherwise keeps to the limits. A revision that was
    leased before comes alone.
    """
    now = clock.now()
    query = (
        select(Comment, Revision)
        .join(
            Revision,
            and_(
                col(Revision.comment_id) == col(Comment.id),
                col(Revision.number) == col(Comment.revision),
            ),
        )
        .where(leasable(lane, now))
        .order_by(col(Comment.pending_since), col(Comment.id))
        .limit(limits.comments + 1)
        .with_for_update(skip_locked=True, of=Comment)
    )
    with database.write() as session:
        found = session.exec(query).all()
        chosen = _choose(found, limits)
        # A lease that ended in order has left no trace on the row.
        expired = sum(comment.lease is not None for comment, _ in chosen)
        for comment, _ in chosen:
            comment.lease = lease
            comment.leased_until = now + timedelta(seconds=limits.seconds)
            comment.attempts += 1
        session.flush()
        items = tuple(
            Leased(
                comment_id=comment.id,
                site_id=comment.site_id,
                revision=comment.revision,
                attempts=comment.attempts,
                body=revision.body,
            )
            for comment, revision in chosen
        )
    count_lost_leases("expired", expired)
    return Batch(lease, items, more=len(found) > len(items)) if items else None


def _choose(
    found: Sequence[tuple[Comment, Revision]], limits: Limits
) -> list[tuple[Comment, Revision]]:
    """Return the first if it failed before, else the fresh ones that fit together."""
    if not found or found[0][0].attempts > 0:
        return list(found[:1])
    chosen: list[tuple[Comment, Revision]] = []
    tokens = 0
    for comment, revision in found[: limits.comments]:
        tokens += most_tokens(revision.body)
        if chosen and tokens > limits.tokens:
            break
        if comment.attempts == 0:
            chosen.append((comment, revision))
    return chosen


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
