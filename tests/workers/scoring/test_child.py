import os
from collections.abc import Callable

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import ActiveModel, Comment, Scorer
from service.testing.rows import SiteRows, add_comments
from tests.support.engines import Broken
from tests.support.fake_worker import FakeEngine
from tests.support.stack import wait_until
from workers.engines import Engine
from workers.scoring import child as children
from workers.scoring.batch import Scoring
from workers.scoring.child import Loader, ScoringChild


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


class Another(FakeEngine):
    model = "e" * 64


class AnotherBroken(Broken):
    model = "d" * 64


def by_name(settings: Settings, _threads: int) -> Engine:
    """Load an engine by the name of its model; others are missing."""
    return {"netiquette-de-en": FakeEngine, "another": Another, "broken": AnotherBroken}[
        settings.model
    ]()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for another model without a pause of ten seconds."""
    monkeypatch.setattr(children, "HEARTBEAT_SECONDS", 0.01)


def choose(database: Database, name: str, identity: str) -> None:
    with database.write() as session:
        session.merge(ActiveModel(id=1, name=name, model=identity))


def test_takes_up_another_model_while_it_runs(
    database: Database, scoring: Scoring, patient: None
) -> None:
    child = start(scoring, by_name)
    wait_until(lambda: scorers(database) == [FakeEngine.model])
    choose(database, "another", Another.model)
    wait_until(lambda: scorers(database) == [Another.model])
    choose(database, "netiquette-de-en", FakeEngine.model)
    wait_until(lambda: scorers(database) == [FakeEngine.model])
    child.stop()


def test_starts_with_the_chosen_model(database: Database, scoring: Scoring) -> None:
    choose(database, "another", Another.model)
    child = start(scoring, by_name)
    wait_until(lambda: scorers(database) == [Another.model])
    child.stop()


@pytest.mark.parametrize(
    "choice", [("another", "0" * 64), ("broken", AnotherBroken.model), ("gone", "0" * 64)]
)
def test_the_old_model_goes_on_when_the_chosen_one_cannot_be_loaded(
    database: Database, rows: SiteRows, scoring: Scoring, patient: None, choice: tuple[str, str]
) -> None:
    child = start(scoring, by_name)
    wait_until(lambda: scorers(database) == [FakeEngine.model])
    with capture_logs() as logs:
        choose(database, *choice)

        def refused() -> list[str]:
            return [e["error"] for e in logs if e["event"] == "model_not_loaded"]

        wait_until(lambda: len(refused()) == 1)
        (comment_id,) = add_comments(database, rows, "a")
        child.score(Lane.COMMENTS)
        with database.read() as session:
            assert session.get_one(Comment, comment_id).state is State.APPROVED
        assert scorers(database) == [FakeEngine.model]
        assert len(refused()) == 1
        # Chosen again, it is tried again.
        choose(database, *choice)
        wait_until(lambda: len(refused()) == 2)
    child.stop()
