import os
from collections.abc import Callable

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import Comment, Scorer
from service.testing import SiteRows, add_comments
from tests.invariants.fake_worker import FakeEngine
from tests.invariants.stack import wait_until
from tests.workers.test_scoring import Broken
from workers.child import Loader, ScoringChild
from workers.engines import Engine
from workers.scoring import Scoring


def scorers(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Scorer.model)))


def start(scoring: Scoring, load: Loader) -> ScoringChild:
    child = ScoringChild(scoring, load, threads=1)
    child.start(os.getppid())
    return child


def failing_first(*engines: Callable[[], Engine]) -> Loader:
    """Return a loader that calls one after the other."""
    left = iter(engines)
    return lambda _settings, _threads: next(left)()


def missing() -> Engine:
    raise FileNotFoundError("no model there")


def test_lives_once_the_engine_has_scored_and_says_so(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    child = start(scoring, lambda _settings, _threads: FakeEngine())
    wait_until(lambda: nudged == list(Lane))
    assert scorers(database) == [FakeEngine.model]
    add_comments(database, rows, "a")
    child.score(Lane.COMMENTS)
    with database.read() as session:
        assert session.exec(select(Comment.state)).one() is State.APPROVED
    child.stop()
    child.score(Lane.COMMENTS)
    assert scorers(database) == [FakeEngine.model]


@pytest.mark.parametrize("first", [missing, Broken])
def test_leases_nothing_before_then_and_tries_again(
    database: Database,
    rows: SiteRows,
    scoring: Scoring,
    nudged: list[Lane],
    first: Callable[[], Engine],
) -> None:
    add_comments(database, rows, "a")
    with capture_logs() as logs:
        child = start(scoring, failing_first(first, FakeEngine))
        wait_until(lambda: any(entry["event"] == "model_not_loaded" for entry in logs))
        child.score(Lane.COMMENTS)
        with database.read() as session:
            comment = session.exec(select(Comment)).one()
            assert (comment.state, comment.attempts) == (State.PENDING, 0)
        wait_until(lambda: nudged == list(Lane))
    child.stop()


def test_loads_anew_when_the_engine_breaks(
    database: Database, rows: SiteRows, scoring: Scoring, nudged: list[Lane]
) -> None:
    class Breaking(FakeEngine):
        """Works for the probe, then never again."""

        def __init__(self) -> None:
            self._calls = 0

        def score(self, texts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            self._calls += 1
            if self._calls > 1:
                raise RuntimeError
            return super().score(texts)

    child = start(scoring, failing_first(Breaking, FakeEngine))
    wait_until(lambda: nudged == list(Lane))
    add_comments(database, rows, "a")
    child.score(Lane.COMMENTS)
    wait_until(lambda: nudged == [*Lane, *Lane])
    child.score(Lane.COMMENTS)
    with database.read() as session:
        assert session.exec(select(Comment.state)).one() is State.APPROVED
    child.stop()


def test_gets_the_settings_and_its_share_of_threads(database: Database, scoring: Scoring) -> None:
    seen: list[tuple[Settings, int]] = []

    def load(settings: Settings, threads: int) -> Engine:
        seen.append((settings, threads))
        return FakeEngine()

    child = start(scoring, load)
    wait_until(lambda: bool(scorers(database)))
    assert seen == [(scoring.settings, 1)]
    child.stop()
