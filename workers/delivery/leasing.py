"""Leases of endpoints: one worker at a time delivers to each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import Session, col, select

from service import clock
from service.db import Database
from service.domain.deliveries import MAX_PAUSE
from service.ids import new_id
from service.tables import Endpoint
from service.tables.conditions import has_ended
from workers.delivery import backlog

LEASE = timedelta(seconds=20)
"""Longer than a round: its pace is one second, and an attempt takes 15 at most."""


@dataclass(frozen=True)
class Leased:
    """An endpoint that this worker delivers to."""

    endpoint_id: UUID
    site_id: UUID
    lease: UUID


def lease_endpoints(database: Database, limit: int) -> list[Leased]:
    """Lease endpoints, at most so many, that something can be sent to now."""
    now = clock.now()
    with database.read() as session:
        due = session.exec(
            select(Endpoint.id, Endpoint.site_id)
            .where(_can_be_leased(now), backlog.has_work(now))
            # Those that fare well first: however many fail, they must not take all the places.
            .order_by(col(Endpoint.next_attempt_at).nulls_first())
            .limit(limit)
        ).all()
    if not due:
        return []
    lease = new_id()
    with database.write() as session:
        return [
            Leased(endpoint_id, site_id, lease)
            for endpoint_id, site_id in due
            if _lease(session, endpoint_id, lease, now)
        ]


def give_back(database: Database, leased: Leased) -> None:
    """End the lease, so that another worker can go on at once."""
    with database.write() as session:
        session.execute(
            update(Endpoint)
            .where(
                col(Endpoint.site_id) == leased.site_id,
                col(Endpoint.id) == leased.endpoint_id,
                col(Endpoint.lease) == leased.lease,
            )
            .values(lease=None, leased_until=None)
        )


def lock_endpoint(session: Session, leased: Leased) -> Endpoint | None:
    """Return the endpoint, held until the commit; None where it is deleted."""
    return session.exec(
        select(Endpoint)
        .where(col(Endpoint.site_id) == leased.site_id, col(Endpoint.id) == leased.endpoint_id)
        .with_for_update()
    ).one_or_none()


def _can_be_leased(now: datetime) -> ColumnElement[bool]:
    """Return whether it is nobody's, enabled, and not pausing."""
    return and_(
        col(Endpoint.disabled_at).is_(None),
        has_ended(col(Endpoint.leased_until), now),
        has_ended(col(Endpoint.next_attempt_at), now, MAX_PAUSE),
    )


def _lease(session: Session, endpoint_id: UUID, lease: UUID, now: datetime) -> bool:
    result = session.execute(
        update(Endpoint)
        .where(col(Endpoint.id) == endpoint_id, _can_be_leased(now))
        .values(lease=lease, leased_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    leased: int = result.rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    return leased == 1
