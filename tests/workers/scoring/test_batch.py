import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from sqlmodel import col, select

from service import clock
from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.tables import SPENT_ATTEMPTS, Comment, Decision
from service.testing.rows import SiteRows, add_comments, failing_database
from tests.support.engines import Broken, Cutting
from tests.support.fake_worker import COSTLY, FakeEngine
from tests.support.reading import Change
from workers.engines import Scored
from workers.scoring.batch import WAITING_BATCH, Scoring
from workers.scoring.outcomes import Outcome


class Short(FakeEngine):
    """Loses a result where there are several."""

    def score(self, texts: Sequence[str]) -> list[Scored]:
        return super().score(texts)[: max(1, len(texts) - 1)]


class Ended(FakeEngine):
    """Is told to end in mid-batch, as Celery's children are."""

    after = 0.0

    def score(self, texts: Sequence[str]) -> list[Scored]:
        def end(*_: object) -> None:
            raise SystemExit(1)

        before = signal.signal(signal.SIGTERM, end)
        try:
            time.sleep(self.after)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            signal.signal(signal.SIGTERM, before)
        return super().score(texts)


def states(database: Database) -> list[tuple[State, int, bool]]:
    """Return state, attempts and whether it is leased, oldest first."""
    with database.read() as session:
        query = select(Comment).order_by(col(Comment.id))
        return [(c.state, c.attempts, c.lease is not None) for c in session.exec(query)]


def test_decides_a_batch_and_asks_for_more(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "a", "Idiot", "c", "d")
    assert scoring.run(FakeEngine(), Lane.COMMENTS) is Outcome.STORED
    assert nudged == [Lane.COMMENTS]
    assert scoring.run(FakeEngine(), Lane.COMMENTS) is Outcome.STORED
    assert scoring.run(FakeEngine(), Lane.COMMENTS) is Outcome.NOTHING
    assert nudged == [Lane.COMMENTS]
    approved, flagged = (State.APPROVED, 0, False), (State.FLAGGED, 0, False)
    assert states(database) == [approved, flagged, approved, approved]


def test_waiting_callers_go_first_whoever_was_nudged(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "bulk", lane=Lane.BULK)
    add_comments(database, rows, "waiting", lane=Lane.WAITING)
    scoring.run(FakeEngine(), Lane.COMMENTS)
    assert nudged == [Lane.COMMENTS]
    assert [state for state, *_ in states(database)] == [State.PENDING, State.APPROVED]
    scoring.run(FakeEngine(), Lane.COMMENTS)
    assert [state for state, *_ in states(database)] == [State.PENDING, State.APPROVED]
    scoring.run(FakeEngine(), Lane.BULK)
    assert [state for state, *_ in states(database)] == [State.APPROVED] * 2
    assert nudged == [Lane.COMMENTS]


def test_waiting_callers_come_in_small_batches(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    generous = Scoring(database, scoring.settings.model_copy(update={"batch_size": 99}), print)
    add_comments(database, rows, *map(str, range(10)), lane=Lane.WAITING)
    generous.run(FakeEngine(), Lane.WAITING)
    assert [state for state, *_ in states(database)].count(State.APPROVED) == WAITING_BATCH


def test_a_failing_text_is_flagged_and_its_neighbours_are_not(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "a", "MURKS", "c")
    while scoring.run(FakeEngine(), Lane.COMMENTS) is not Outcome.NOTHING:
        assert len(nudged) < 20
    assert [state for state, *_ in states(database)] == [
        State.APPROVED,
        State.FLAGGED,
        State.APPROVED,
    ]
    with database.read() as session:
        decision = session.exec(select(Decision).where(Decision.to_state == State.FLAGGED)).one()
        assert decision.reasons == [{"code": "scoring_failed", "evidence": "RuntimeError"}]


def test_what_would_cost_too_much_is_flagged_at_once_and_never_scored(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "a", COSTLY, "c")
    assert scoring.run(FakeEngine(), Lane.COMMENTS) is Outcome.STORED
    assert states(database) == [
        (State.APPROVED, 0, False),
        (State.FLAGGED, 0, False),
        (State.APPROVED, 0, False),
    ]
    assert nudged == []
    with database.read() as session:
        decision = session.exec(select(Decision).where(Decision.to_state == State.FLAGGED)).one()
        assert decision.reasons == [{"code": "scoring_failed", "evidence": "too_costly"}]
        assert decision.assessment_id is None


def test_a_batch_of_nothing_but_costly_texts_asks_nothing_of_the_engine(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    add_comments(database, rows, COSTLY, COSTLY)
    assert scoring.run(FakeEngine(), Lane.COMMENTS) is Outcome.STORED
    assert states(database) == [(State.FLAGGED, 0, False)] * 2


def test_lost_results_are_a_failure(database: Database, rows: SiteRows, scoring: Scoring) -> None:
    add_comments(database, rows, "a", "b")
    assert scoring.run(Short(), Lane.COMMENTS) is Outcome.FAILED
    assert states(database) == [(State.PENDING, 1, False)] * 2


def test_a_broken_engine_costs_no_text_an_attempt(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_comments(database, rows, "a", "b")
    assert scoring.run(Broken(), Lane.COMMENTS) is Outcome.ENGINE_BROKEN
    assert states(database) == [(State.PENDING, 0, False)] * 2
    assert nudged == []


def test_ended_in_mid_batch_gives_it_back(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    add_comments(database, rows, "a", "b")
    with pytest.raises(SystemExit):
        scoring.run(Ended(), Lane.COMMENTS)
    assert states(database) == [(State.PENDING, 0, False)] * 2


def test_ended_for_hanging_does_not(database: Database, rows: SiteRows, scoring: Scoring) -> None:
    add_comments(database, rows, "a")
    impatient = Scoring(database, scoring.settings.model_copy(update={"time_limit": 0.1}), print)
    engine = Ended()
    engine.after = 0.2
    with pytest.raises(SystemExit):
        impatient.run(engine, Lane.COMMENTS)
    assert states(database) == [(State.PENDING, 1, True)]


def test_failing_database_leaves_the_lease_to_run_out(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    add_comments(database, rows, "a")

    with ExitStack() as failing:
        engine = Cutting(lambda: failing.enter_context(failing_database(database)))
        assert scoring.run(engine, Lane.COMMENTS) is Outcome.FAILED
    assert states(database) == [(State.PENDING, 1, True)]


def test_no_transaction_is_open_while_it_scores(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    add_comments(database, rows, "a")
    pool = database.engine.pool

    class Looking(FakeEngine):
        def score(self, texts: Sequence[str]) -> list[Scored]:
            assert pool.checkedout() == 0  # type: ignore[attr-defined]
            return super().score(texts)

    assert scoring.run(Looking(), Lane.COMMENTS) is Outcome.STORED


def test_spent_ones_are_set_aside_behind_a_long_queue(
    database: Database, rows: SiteRows, scoring: Scoring
) -> None:
    add_comments(database, rows, *map(str, range(5)))
    (spent,) = add_comments(database, rows, "zuletzt", lane=Lane.BULK)
    with database.write() as session:
        session.get_one(Comment, spent).attempts = SPENT_ATTEMPTS
    scoring.run(FakeEngine(), Lane.COMMENTS)
    with database.read() as session:
        assert session.get_one(Comment, spent).state is State.FLAGGED


def test_lost_leases_are_counted(database: Database, rows: SiteRows, scoring: Scoring) -> None:
    """Those that nobody gave back, and those whose comment changed under the engine."""
    changed = Change("netiquette_lease_losses_total")
    scored = Change("netiquette_engine_seconds_count")
    first, second = add_comments(database, rows, "a", "b")
    with database.write() as session:
        session.get_one(Comment, first).lease = first
        session.get_one(Comment, first).leased_until = clock.now()

    class Meanwhile(FakeEngine):
        """Sees a comment taken from it while it scores."""

        def score(self, texts: Sequence[str]) -> list[Scored]:
            with database.write() as session:
                session.get_one(Comment, second).revision = 2
            return super().score(texts)

    scoring.run(Meanwhile(), Lane.COMMENTS)
    assert (changed(cause="expired"), changed(cause="outdated"), scored()) == (1, 1, 2)
