"""Queue depth, age and event lag, and how they are read."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from structlog.testing import capture_logs

from service import clock
from service.db import Database
from service.domain.deliveries import DisabledReason
from service.domain.events import EventType
from service.domain.vocabulary import Lane
from service.tables import Endpoint, Event
from service.tables.queues import oldest_pending
from service.telemetry.queue_metrics import (
    QueueMetrics,
    oldest_due,
    pending_count,
)
from service.testing.rows import add_comments, add_site, frozen_clock


def gauges(database: Database) -> dict[str, dict[str, float]]:
    """Return the samples by lane, as {metric: {lane: value}}."""
    return {
        family.name: {"".join(s.labels.values()): s.value for s in family.samples}
        for family in QueueMetrics(database).collect()
    }


def test_nothing_there(database: Database) -> None:
    nothing = {lane.name.lower(): 0.0 for lane in Lane}
    assert gauges(database) == {
        "netiquette_pending_comments": nothing,
        "netiquette_oldest_pending_seconds": nothing,
        "netiquette_event_lag_seconds": {"": 0.0},
        "netiquette_webhook_endpoints": {"healthy": 0, "failing": 0, "disabled": 0},
        "netiquette_webhook_failing_seconds": {"": 0.0},
        "netiquette_retention_held": {"": 0},
    }


def test_depth_and_age_by_lane_over_all_sites(database: Database) -> None:
    with frozen_clock() as now:
        for key in ("zeitung", "blatt"):
            rows = add_site(database, key)
            add_comments(database, rows, "a", lane=Lane.BULK)
            now.advance(30)
            add_comments(database, rows, "b", "c")
            now.advance(10)
        told = gauges(database)
    depth, age = told["netiquette_pending_comments"], told["netiquette_oldest_pending_seconds"]
    assert depth == {"waiting": 0, "comments": 4, "bulk": 2}
    assert age == {"waiting": 0, "comments": 50, "bulk": 80}


def test_lag_is_that_of_the_oldest_event_that_is_due(database: Database) -> None:
    with frozen_clock() as now:
        start = clock.now()
        sites = [add_site(database, key).site_id for key in ("zeitung", "blatt", "leer")]
        events: list[tuple[UUID, int, dict[str, Any]]] = [
            (sites[0], 5, {"sequence": 1, "numbered_at": start}),
            (sites[0], 6, {"cancelled_at": start}),
            (sites[0], 30, {}),
            (sites[1], 20, {}),
            (sites[1], 90, {}),
        ]
        with database.write() as session:
            for site, due, kind in events:
                due_at = start + timedelta(seconds=due)
                event = Event(site_id=site, type=EventType.COMMENT_APPROVED, due_at=due_at, **kind)
                session.add(event)
        lags = []
        for _ in range(3):
            lags.append(gauges(database)["netiquette_event_lag_seconds"][""])
            now.advance(15)
    assert lags == [0, 0, 10]


def test_receivers_by_how_they_fare(database: Database) -> None:
    with frozen_clock() as now:
        site = add_site(database).site_id
        since = clock.now()
        fares: list[dict[str, Any]] = [
            {},
            {"failing_since": since, "failures": 3},
            {"disabled_at": since, "disabled_reason": DisabledReason.GONE},
            {"disabled_at": since, "disabled_reason": DisabledReason.FAILING},
            {"disabled_at": since, "disabled_reason": DisabledReason.MANUAL},
        ]
        with database.write() as session:
            for place, fare in enumerate(fares):
                url = f"https://cms.example/{place}"
                session.add(
                    Endpoint(site_id=site, url=url, events=[], secret="", queued_sequence=0, **fare)
                )
        now.advance(90)
        told = gauges(database)
    assert told["netiquette_webhook_endpoints"] == {"healthy": 1, "failing": 1, "disabled": 2}
    assert told["netiquette_webhook_failing_seconds"] == {"": 90}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (pending_count(Lane.BULK), "ix_comment_pending"),
        (oldest_pending([Lane.BULK]), "ix_comment_pending"),
        (oldest_due(), "ix_event_due"),
    ],
)
def test_each_query_has_its_index(database: Database, query: Any, index: str) -> None:
    dialect = sqlite.dialect() if database.is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]  # of SQLAlchemy
    statement = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with database.read() as session:
        if not database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = "\n".join(map(str, session.execute(text(explain + statement))))
    assert index in plan
    assert "SCAN comment" not in plan.replace(index, "")
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_without_a_database_there_are_no_gauges() -> None:
    with capture_logs() as logs:
        assert gauges(Database("sqlite:////nowhere/at/all.db")) == {}
    assert [line["event"] for line in logs] == ["queue_not_measured"]
