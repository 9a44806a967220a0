from datetime import timedelta

from sqlmodel import select
from structlog.testing import capture_logs

from service import clock
from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.settings import Settings
from service.tables import SPENT_ATTEMPTS, Comment, IdempotentRequest, Scorer
from service.testing.rows import SiteRows, add_comments, frozen_clock
from workers.scoring import leases
from workers.scoring.leases import Limits
from workers.sweeps import run_sweep

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
