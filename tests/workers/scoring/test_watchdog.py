"""When the watchdog ends a scoring worker, and when it must not."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.settings import Settings
from service.tables import Analysis
from service.testing.rows import FrozenClock, SiteRows, add_comments, failing_database, frozen_clock
from tests.support.fake_worker import FakeEngine
from workers.scoring import leases
from workers.scoring.batch import Scoring
from workers.scoring.child import HEARTBEAT_SECONDS, ScoringChild
from workers.scoring.pulse import MAX_LOADING_SECONDS, Pulse
from workers.scoring.turns import Limits
from workers.scoring.watchdog import LOOK_SECONDS, Watchdog, enough_looks

SETTINGS = Settings()
ENOUGH = enough_looks(SETTINGS)


class Watched:
    """A watchdog whose clock, broker and worker are the test's."""

    def __init__(
        self, database: Database, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.pulse = Pulse()
        self.nudged: list[Lane] = []
        self.ended = 0
        self.broker_is_away = False
        self._now = now
        self.monotonic = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.monotonic)
        self._dog = Watchdog(database, SETTINGS, self.pulse, self._nudge, self._end)

    def _nudge(self, lane: Lane) -> None:
        if self.broker_is_away:
            raise ConnectionRefusedError
        self.nudged.append(lane)

    def _end(self) -> None:
        self.ended += 1

    def look(self, times: int = 1, *, every: float = LOOK_SECONDS) -> None:
        for _ in range(times):
            self.pass_by(every)
            self._dog.look()

    def pass_by(self, seconds: float, *, monotonic: float | None = None) -> None:
        self._now.advance(seconds)
        self.monotonic += seconds if monotonic is None else monotonic


@pytest.fixture
def watched(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Give a watchdog of a worker that was at work once; the test lets work wait."""
    with frozen_clock() as now:
        watched = Watched(database, now, monkeypatch)
        watched.pulse.beat()
        watched.look()
        yield watched


def test_ends_a_worker_that_does_nothing_while_a_comment_waits(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    watched.look(ENOUGH - 1)
    ended_before = watched.ended
    watched.look()
    assert (ended_before, watched.ended) == (0, 1)
    assert watched.nudged == [Lane.COMMENTS] * ENOUGH


def test_ends_a_worker_that_does_nothing_while_callers_wait(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    for _ in range(ENOUGH):
        deadline = clock.now() + timedelta(seconds=LOOK_SECONDS + 1)
        with database.write() as session:
            session.add(Analysis(id=new_id(), site_id=rows.site_id, body="a", deadline=deadline))
        watched.look()
    assert watched.ended == 1
    assert watched.nudged == [Lane.WAITING] * ENOUGH


def test_is_more_patient_than_the_longest_task_and_several_heartbeats() -> None:
    patience = (ENOUGH - 1) * LOOK_SECONDS
    assert patience > SETTINGS.lease_seconds > SETTINGS.time_limit
    assert patience > 3 * HEARTBEAT_SECONDS


def test_a_worker_at_work_is_left_alone(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    for _ in range(4):
        watched.look(ENOUGH - 1)
        watched.pulse.beat()
    watched.look(ENOUGH - 1)
    assert not watched.ended


def test_an_idle_worker_costs_the_broker_nothing(watched: Watched) -> None:
    watched.look(3 * ENOUGH)
    assert (watched.ended, watched.nudged) == (0, [])


def test_what_others_hold_does_not_wait(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    limits = Limits(comments=1, tokens=100, seconds=500)
    leases.take(database, Lane.COMMENTS, new_id(), limits)
    watched.look(2 * ENOUGH)
    assert not watched.ended


def test_a_worker_that_never_was_alive_is_left_alone(
    database: Database, rows: SiteRows, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_comments(database, rows, "a")
    monkeypatch.setattr(Pulse, "last", 0.0)
    watched.look(3 * ENOUGH)
    assert not watched.ended


def test_a_worker_that_loads_a_model_is_left_alone_but_not_for_ever(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    with watched.pulse.loading():
        watched.look(int(MAX_LOADING_SECONDS / LOOK_SECONDS) - 1)
        assert not watched.ended
        watched.look(ENOUGH + 1)
    assert watched.ended


def test_a_broker_that_is_away_is_nobody_s_fault(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    watched.broker_is_away = True
    watched.look(3 * ENOUGH)
    watched.broker_is_away = False
    watched.look(ENOUGH - 1)
    assert not watched.ended


def test_a_database_that_is_away_is_nobody_s_fault(
    database: Database, rows: SiteRows, watched: Watched
) -> None:
    add_comments(database, rows, "a")
    watched.look(ENOUGH - 1)
    with failing_database(database):
        watched.look(3 * ENOUGH)
    watched.look(ENOUGH - 1)
    assert not watched.ended


@pytest.mark.parametrize("stands_still", [True, False], ids=["clock stands still", "clock goes on"])
def test_a_suspended_machine_begins_anew(
    database: Database, rows: SiteRows, watched: Watched, *, stands_still: bool
) -> None:
    add_comments(database, rows, "a")
    watched.look(ENOUGH - 1)
    watched.pass_by(3_600, monotonic=0 if stands_still else None)
    watched.look(ENOUGH)
    assert not watched.ended


def test_a_clock_set_back_begins_anew(database: Database, rows: SiteRows, watched: Watched) -> None:
    add_comments(database, rows, "a")
    watched.look(ENOUGH - 1)
    watched.pass_by(-60, monotonic=0)
    watched.look()
    assert not watched.ended


def test_each_task_of_a_child_is_a_sign_of_work_though_it_finds_nothing(scoring: Scoring) -> None:
    pulse = Pulse()
    child = ScoringChild(scoring, lambda *_: FakeEngine(), threads=1, pulse=pulse)
    assert pulse.last == 0
    child.score(Lane.COMMENTS)
    assert pulse.last > 0
