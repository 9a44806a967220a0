"""Gauges that are read from the database: queue depth, age, event lag, receivers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import and_, func, literal_column
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service import clock
from service.db import Database
from service.domain.deliveries import DisabledReason
from service.domain.vocabulary import Lane
from service.tables import Endpoint, Event, Retention, Site
from service.tables.conditions import PENDING
from service.tables.queues import in_lane, oldest_pending

MAX_COUNTED = 100_000
"""Most pending comments that are counted per lane. More are a backlog in any case."""

RECEIVERS = {
    "healthy": and_(col(Endpoint.disabled_at).is_(None), col(Endpoint.failing_since).is_(None)),
    "failing": and_(col(Endpoint.disabled_at).is_(None), col(Endpoint.failing_since).is_not(None)),
    "disabled": col(Endpoint.disabled_reason).in_([DisabledReason.GONE, DisabledReason.FAILING]),
}
"""Conditions on receivers, by state. Receivers that were disabled by hand are not counted.

There are few receivers, so counting them is cheap."""

log = structlog.get_logger(__name__)


class QueueMetrics(Collector):
    """Gauges over all sites. Each reading costs a few short queries on indexes.

    While the database is away there are no gauges, which an alert can detect (`absent`).
    """

    def __init__(self, database: Database) -> None:
        """Keep `database` for later; nothing is read yet."""
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the gauges with their present values."""
        depth = GaugeMetricFamily(
            "netiquette_pending_comments",
            f"Pending comments, at most {MAX_COUNTED:,} per lane",
            labels=["lane"],
        )
        age = GaugeMetricFamily(
            "netiquette_oldest_pending_seconds",
            "Age of the oldest pending revision, 0 if there is none",
            labels=["lane"],
        )
        lag = GaugeMetricFamily(
            "netiquette_event_lag_seconds",
            "Seconds that the oldest event has been due without a number, 0 if there is none",
        )
        endpoints = GaugeMetricFamily(
            "netiquette_webhook_endpoints",
            "Webhook receivers: `healthy`, `failing`, or `disabled` by 410 or five days of failure",
            labels=["state"],
        )
        failing = GaugeMetricFamily(
            "netiquette_webhook_failing_seconds",
            "Seconds that the longest failing receiver has failed for, 0 if none fails",
        )
        held = GaugeMetricFamily(
            "netiquette_retention_held",
            "1 while the retention has stopped, since the clock seems to have leapt ahead",
        )
        try:
            with self._database.read() as session:
                for state, which in RECEIVERS.items():
                    count = select(func.count()).select_from(Endpoint).where(which)
                    endpoints.add_metric([state], session.exec(count).one())
                failing.add_metric([], _age(session, failing_since()))
                for lane in Lane:
                    label = [lane.name.lower()]
                    depth.add_metric(label, session.exec(pending_count(lane)).one())
                    age.add_metric(label, _age(session, oldest_pending([lane])))
                lag.add_metric([], _age(session, oldest_due()))
                held.add_metric([], session.exec(retention_held()).one())
        except SQLAlchemyError as error:
            log.warning("queue_not_measured", error=type(error).__name__)
            return
        yield from (depth, age, lag, endpoints, failing, held)


def pending_count(lane: Lane) -> SelectOfScalar[int]:
    """Return the query for the number of pending comments in the lane, at most MAX_COUNTED."""
    some = select(literal_column("1")).where(PENDING, in_lane(lane)).limit(MAX_COUNTED).subquery()
    return select(func.count()).select_from(some)


def oldest_due() -> SelectOfScalar[datetime]:
    """Return the query for the earliest due time of an event without a number.

    It looks once into the index for each site.
    """
    earliest = (
        select(func.min(col(Event.due_at)).label("due_at"))
        .where(
            col(Event.site_id) == col(Site.id),
            col(Event.sequence).is_(None),
            col(Event.cancelled_at).is_(None),
        )
        .correlate(Site)
        .scalar_subquery()
    )
    per_site = select(earliest.label("due_at")).select_from(Site).subquery()
    return select(func.min(per_site.c.due_at))


def retention_held() -> SelectOfScalar[int]:
    """Return the query for 1 while the retention has raised its alarm, else 0."""
    held = col(Retention.held_since).is_not(None)
    return select(func.count()).select_from(Retention).where(held)


def failing_since() -> SelectOfScalar[datetime | None]:
    """Return the query for when the receiver that has been failing longest began to fail."""
    return (
        select(col(Endpoint.failing_since))
        .where(RECEIVERS["failing"])
        .order_by(col(Endpoint.failing_since))
        .limit(1)
    )


def _age(session: Session, since: SelectOfScalar[Any]) -> float:
    moment = session.exec(since).first()
    return max(0.0, (clock.now() - moment).total_seconds()) if moment else 0.0
