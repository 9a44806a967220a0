"""Leases: a worker's hold on a batch of pending revisions.

A lease lies on the comment's row. What failed once is leased alone, so that one
bad text cannot take its neighbours down again and again (invariant 5).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, func, literal_column, update
from sqlmodel import col, select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.tables import SPENT_ATTEMPTS, Comment, Revision
from service.tables.conditions import PENDING, has_ended
from service.telemetry.metrics import count_lost_leases

SPENT = and_(PENDING, col(Comment.attempts) >= literal_column(str(SPENT_ATTEMPTS)))


@dataclass(frozen=True)
class Limits:
    """How much one lease holds, and for how long."""

    comments: int
    characters: int
    seconds: float


@dataclass(frozen=True)
class Leased:
    """One revision under lease."""

    comment_id: UUID
    site_id: UUID
    revision: int
    attempts: int
    """Leases of this revision so far, this one included."""
    body: str


@dataclass(frozen=True)
class Batch:
    """What one lease holds, oldest first; `more`: whether the lane holds more."""

    lease: UUID
    items: tuple[Leased, ...]
    more: bool


def free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody holds the comment.

    A lease that would last longer than any was taken before the clock was set back;
    whoever held it may have died since, and nobody must wait for the old time.
    """
    return has_ended(col(Comment.leased_until), now)


def leasable(lane: Lane, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment waits in this lane, and may be leased."""
    return and_(
        PENDING,
        col(Comment.lane) == int(lane),
        col(Comment.attempts) < SPENT_ATTEMPTS,
        free(now),
    )


def most_urgent(database: Database, lane: Lane) -> Lane | None:
    """Return the first lane, this one at the latest, that holds something to lease.

    A reading query, so that a nudge too many disturbs no writer.
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
    """Lease the oldest of a lane in one short transaction; None when nothing is to do.

    Holds at least one revision, and no more than the limits otherwise. A revision
    that was leased before comes alone.
    """
    now = clock.now()
    query = (
        select(Comment, func.length(Revision.body))
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
        chosen = _choose([(comment, size) for comment, size in found], limits)
        # A lease that ended in order has left no trace on the row.
        expired = sum(comment.lease is not None for comment in chosen)
        for comment in chosen:
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
                body=session.get_one(Revision, (comment.id, comment.revision)).body,
            )
            for comment in chosen
        )
    count_lost_leases("expired", expired)
    return Batch(lease, items, more=len(found) > len(items)) if items else None


def _choose(found: list[tuple[Comment, int]], limits: Limits) -> list[Comment]:
    """Return the first if it failed before, else the fresh ones that fit together."""
    if not found or found[0][0].attempts > 0:
        return [comment for comment, _ in found[:1]]
    chosen: list[Comment] = []
    characters = 0
    for comment, size in found[: limits.comments]:
        characters += size
        if chosen and characters > limits.characters:
            break
        if comment.attempts == 0:
            chosen.append(comment)
    return chosen


def end(database: Database, lease: UUID) -> None:
    """End a lease whose batch failed: each of its revisions is tried alone from now on."""
    with database.write() as session:
        session.execute(_released(lease))


def give_back(database: Database, lease: UUID) -> None:
    """Undo a lease whose batch was not to blame, as if it had never been taken."""
    with database.write() as session:
        session.execute(_released(lease).values(attempts=col(Comment.attempts) - 1))


def _released(lease: UUID) -> Update:
    # Deciding, editing and withdrawing end a lease, so what is left under it is pending.
    return (
        update(Comment)
        .where(col(Comment.lease) == lease, PENDING)
        .values(lease=None, leased_until=None)
        .execution_options(synchronize_session=False)
    )
