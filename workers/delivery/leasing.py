"""Lease endpoints, so that only one worker at a time delivers to each."""

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
"""Length of a lease. It is longer than a round, whose requests start within one second and take
15 seconds at most."""


@dataclass(frozen=True)
class Leased:
    """An endpoint that this worker has leased."""

    endpoint_id: UUID
    site_id: UUID
    lease: UUID


def lease_endpoints(database: Database, limit: int) -> list[Leased]:
    """Lease endpoints that have work now, `limit` at most."""
    now = clock.now()
    with database.read() as session:
        due = session.exec(
            select(Endpoint.id, Endpoint.site_id)
            .where(_can_be_leased(now), backlog.has_work(now))
            # Healthy endpoints come first, so that failing ones cannot take all the places.
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
    """End the lease, so that another worker can lease the endpoint at once."""
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
    """Return the endpoint with its row locked until the commit, or None if it was deleted."""
    return session.exec(
        select(Endpoint)
        .where(col(Endpoint.site_id) == leased.site_id, col(Endpoint.id) == leased.endpoint_id)
        .with_for_update()
    ).one_or_none()


def _can_be_leased(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the endpoint is not leased, not disabled, and not pausing."""
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
