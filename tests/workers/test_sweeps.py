from datetime import timedelta

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from service import clock
from service.db import Database
from service.domain.events import EventType
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.settings import Settings
from service.tables import SPENT_ATTEMPTS, Comment, Delivery, IdempotentRequest, Scorer
from service.testing.rows import SiteRows, add_comments, frozen_clock
from tests.support.outbox import Outbox
from workers.scoring import leases
from workers.scoring.turns import Limits
from workers.sweeps import DELETED_AT_ONCE, KEEP_DELIVERIES, run_sweep

SETTINGS = Settings(stale_seconds=300)


def test_nudges_the_lanes_that_hold_something_free(
    database: Database, rows: SiteRows, nudged: list[Lane]
) -> None:
    run_sweep(database, nudged.append, SETTINGS)
    assert nudged == []
    add_comments(database, rows, "a", lane=Lane.BULK)
    add_comments(database, rows, "b", lane=Lane.WAITING)
    run_sweep(database, nudged.append, SETTINGS)
    assert nudged == [Lane.WAITING, Lane.BULK]


def test_nudges_leased_ones_only_once_the_lease_has_run_out(
    database: Database, rows: SiteRows, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "a")
    with frozen_clock() as frozen:
        leases.take(database, Lane.COMMENTS, new_id(), Limits(9, 999, 75))
        run_sweep(database, nudged.append, SETTINGS)
        assert nudged == []
        frozen.advance(75)
        run_sweep(database, nudged.append, SETTINGS)
        assert nudged == [Lane.COMMENTS]


def test_sets_spent_ones_aside(database: Database, rows: SiteRows, nudged: list[Lane]) -> None:
    (spent,) = add_comments(database, rows, "a")
    with database.write() as session:
        session.get_one(Comment, spent).attempts = SPENT_ATTEMPTS
    run_sweep(database, nudged.append, SETTINGS)
    assert nudged == []
    with database.read() as session:
        assert session.get_one(Comment, spent).state is State.FLAGGED


def test_raises_the_alarm_on_age(database: Database, rows: SiteRows, nudged: list[Lane]) -> None:
    with frozen_clock() as frozen, capture_logs() as logs:
        add_comments(database, rows, "a")
        frozen.advance(300)
        run_sweep(database, nudged.append, SETTINGS)
        assert logs == []
        frozen.advance(1)
        run_sweep(database, nudged.append, SETTINGS)
    assert [(entry["event"], entry["lane"], entry["oldest_seconds"]) for entry in logs] == [
        ("comments_wait_too_long", "comments", 301)
    ]


def test_forgets_old_answers_and_silent_scorers(
    database: Database, rows: SiteRows, nudged: list[Lane]
) -> None:
    now = clock.now()
    (comment_id,) = add_comments(database, rows, "Guten Tag")
    with database.write() as session:
        for hours in (1, 25):
            session.add(
                IdempotentRequest(
                    site_id=rows.site_id,
                    key=f"{hours}",
                    comment_id=comment_id,
                    fingerprint="0" * 64,
                    status=202,
                    answer={},
                    created_at=now - timedelta(hours=hours),
                )
            )
        for days in (1, 8):
            seen = now - timedelta(days=days)
            session.add(Scorer(id=f"{days}", model="f" * 64, started_at=seen, seen_at=seen))
    run_sweep(database, nudged.append, SETTINGS)
    with database.read() as session:
        assert session.exec(select(IdempotentRequest.key)).all() == ["1"]
        assert session.exec(select(Scorer.id)).all() == ["1"]


@pytest.mark.parametrize(
    ("kept", "old"), [(2, 3), (0, DELETED_AT_ONCE + 1)], ids=["few", "more than go at once"]
)
def test_forgets_old_deliveries_the_oldest_first(
    database: Database, rows: SiteRows, nudged: list[Lane], kept: int, old: int
) -> None:
    endpoint_id = Outbox(database, rows, "secret").endpoint("https://cms.example.org/")
    with frozen_clock() as frozen:
        edge = frozen() - KEEP_DELIVERIES
        # One of each number: 0 is as old as may be, those below are older.
        with database.write() as session:
            session.add_all(
                Delivery(
                    site_id=rows.site_id,
                    endpoint_id=endpoint_id,
                    event_id=new_id(),
                    sequence=number,
                    type=EventType.COMMENT_APPROVED,
                    subject=new_id(),
                    attempt=1,
                    url="https://cms.example.org/",
                    size=1,
                    outcome="delivered",
                    duration=0.1,
                    created_at=edge + timedelta(seconds=number),
                )
                for number in range(-old, kept)
            )
        for left in (old - DELETED_AT_ONCE, 0):
            run_sweep(database, nudged.append, SETTINGS)
            with database.read() as session:
                numbers = session.exec(select(Delivery.sequence).order_by(col(Delivery.sequence)))
                assert numbers.all() == [*range(-max(left, 0), kept)]
