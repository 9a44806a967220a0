"""The retention deletes little at once, and nothing while the clock seems to have leapt ahead."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select
from structlog.testing import capture_logs

from service.db import Database
from service.domain.events import EventType
from service.events import retention
from service.events.retention import MAX_LEAP
from service.tables import Event, Site
from service.telemetry.queue_metrics import retention_held
from service.testing.rows import FrozenClock, SiteRows, frozen_clock
from workers.retention import SHARE, retain

KEEP = timedelta(days=30)
DAY = timedelta(days=1).total_seconds()
EVENTS = 600
"""Of 30 days, 20 each day."""


def add_events(database: Database, rows: SiteRows, frozen: FrozenClock) -> None:
    """Add numbered events of the last 30 days, the oldest first."""
    with database.write() as session:
        for number in range(1, EVENTS + 1):
            at = frozen() - KEEP * (1 - number / EVENTS)
            session.add(
                Event(
                    site_id=rows.site_id,
                    type=EventType.MEMBER_ERASED,
                    member_id=rows.member_id,
                    sequence=number,
                    due_at=at,
                    created_at=at,
                    numbered_at=at,
                )
            )
        session.get_one(Site, rows.site_id).event_sequence = EVENTS


@pytest.fixture
def frozen(database: Database, rows: SiteRows) -> Iterator[FrozenClock]:
    """Give the clock of a service that has events of 30 days, and swept just now."""
    with frozen_clock() as frozen:
        add_events(database, rows, frozen)
        retain(database, frozen(), KEEP)
        assert left(database) == EVENTS
        yield frozen


def left(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count(col(Event.id)))).one()


def alarm(database: Database) -> tuple[bool, int]:
    """Return what readiness tells, and what the metrics tell."""
    with database.read() as session:
        return retention.is_held(session), session.exec(retention_held()).one()


def sweep(database: Database, frozen: FrozenClock, times: int) -> list[Any]:
    with capture_logs() as logs:
        for _ in range(times):
            retain(database, frozen(), KEEP)
            frozen.advance(5)
    return [(line["event"], line["log_level"]) for line in logs]


def test_a_clock_far_ahead_deletes_nothing_and_raises_the_alarm(
    database: Database, frozen: FrozenClock
) -> None:
    frozen.advance(40 * DAY)
    assert sweep(database, frozen, 3) == [("retention_held", "error")] * 3
    assert left(database) == EVENTS
    assert alarm(database) == (True, 1)


def test_with_the_clock_set_back_it_goes_on_by_itself(
    database: Database, frozen: FrozenClock
) -> None:
    frozen.advance(40 * DAY)
    sweep(database, frozen, 3)
    frozen.advance(-40 * DAY)
    frozen.advance(DAY)
    assert sweep(database, frozen, 1) == []
    assert alarm(database) == (False, 0)
    assert EVENTS - EVENTS // SHARE <= left(database) < EVENTS


def test_a_person_who_confirms_the_clock_ends_the_alarm(
    database: Database, frozen: FrozenClock
) -> None:
    frozen.advance(40 * DAY)
    sweep(database, frozen, 1)
    with database.write() as session:
        retention.resume(session, frozen())
    assert alarm(database) == (False, 0)
    assert sweep(database, frozen, 1) == []
    assert left(database) == EVENTS - EVENTS // SHARE


def test_one_sweep_deletes_a_share_at_most(database: Database, frozen: FrozenClock) -> None:
    for day in range(0, 30, 2):
        frozen.advance(2 * DAY)
        before = left(database)
        sweep(database, frozen, 1)
        assert before - left(database) == max(1, before // SHARE), day


def test_all_that_is_old_goes_in_the_end(database: Database, frozen: FrozenClock) -> None:
    frozen.advance(DAY)
    sweep(database, frozen, 25)
    assert left(database) == EVENTS * 29 // 30


def test_a_weekend_off_is_no_leap(database: Database, frozen: FrozenClock) -> None:
    frozen.advance(MAX_LEAP.total_seconds())
    assert sweep(database, frozen, 1) == []
    assert left(database) < EVENTS


def test_where_nothing_is_old_there_is_no_alarm(database: Database, rows: SiteRows) -> None:
    with frozen_clock() as frozen:
        retain(database, frozen(), KEEP)
        frozen.advance(100 * DAY)
        assert sweep(database, frozen, 2) == []
    assert alarm(database) == (False, 0)


def test_a_start_with_an_old_clock_does_not_make_the_right_time_a_leap(
    database: Database, frozen: FrozenClock
) -> None:
    frozen.advance(-20_000 * DAY)
    sweep(database, frozen, 2)
    frozen.advance(20_001 * DAY)
    assert sweep(database, frozen, 1) == []
    assert left(database) < EVENTS
