"""The sweep: nudge missed comments, raise the alarm on old ones, number events, delete old rows."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, tuple_
from sqlmodel import col, select

from service import clock
from service.analyses.use_cases import has_passed
from service.db import Database
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import Analysis, Comment, Delivery, IdempotentRequest, Scorer
from service.tables.queues import oldest_pending
from workers.numbering import number_events
from workers.retention import retain
from workers.scoring import analyses as analyzing
from workers.scoring.leases import leasable
from workers.scoring.storing import set_aside_spent

KEEP_REQUESTS = timedelta(hours=24)
FORGET_SCORERS = timedelta(days=7)
"""While silent scorers are kept, a service without workers is «degraded», not «starting»."""

KEEP_DELIVERIES = timedelta(days=7)

DELETED_AT_ONCE = 500
"""Most rows that one sweep deletes, so that no writer waits for long. The next one goes on."""

log = structlog.get_logger(__name__)


def run_sweep(database: Database, nudge: Callable[[Lane], None], settings: Settings) -> None:
    """Run one sweep. This is safe at any time, also twice at once."""
    now = clock.now()
    set_aside_spent(database)
    for lane in _lanes_in_want(database, now):
        nudge(lane)
    _raise_alarm(database, now, timedelta(seconds=settings.stale_seconds))
    number_events(database, now)
    retain(database, now, timedelta(days=settings.event_retention_days))
    _forget(database, now)


def _lanes_in_want(database: Database, now: datetime) -> list[Lane]:
    """Return the lanes with a comment or an analysis that may be leased."""
    analyses = select(Analysis.id).where(analyzing.leasable(now)).limit(1)
    with database.read() as session:
        return [
            lane
            for lane in Lane
            if session.exec(select(Comment.id).where(leasable(lane, now)).limit(1)).first()
            or (lane is Lane.WAITING and session.exec(analyses).first())
        ]


def _raise_alarm(database: Database, now: datetime, stale_after: timedelta) -> None:
    """Log an error for each lane whose oldest comment has been pending for too long."""
    with database.read() as session:
        for lane in Lane:
            oldest = session.exec(oldest_pending([lane])).one()
            if oldest and now - oldest > stale_after:
                seconds = int((now - oldest).total_seconds())
                log.error("comments_wait_too_long", lane=lane.name.lower(), oldest_seconds=seconds)


def _forget(database: Database, now: datetime) -> None:
    """Delete old idempotent requests, old deliveries, silent scorers and overdue analyses."""
    key = tuple_(col(IdempotentRequest.site_id), col(IdempotentRequest.key))
    old = (
        select(IdempotentRequest.site_id, IdempotentRequest.key)
        .where(col(IdempotentRequest.created_at) < now - KEEP_REQUESTS)
        .limit(DELETED_AT_ONCE)
    )
    dead = col(Scorer.seen_at) < now - FORGET_SCORERS
    attempts = (
        select(Delivery.id)
        .where(col(Delivery.created_at) < now - KEEP_DELIVERIES)
        .order_by(col(Delivery.created_at))
        .limit(DELETED_AT_ONCE)
    )
    with database.write() as session:
        session.execute(delete(IdempotentRequest).where(key.in_(old)))
        session.execute(delete(Delivery).where(col(Delivery.id).in_(attempts)))
        session.execute(delete(Scorer).where(dead))
        session.execute(delete(Analysis).where(has_passed(now)))
