"""The worker's part in an analysis."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.tables import Analysis, Comment
from service.testing.rows import add_comments, add_site, failing_database, frozen_clock
from tests.support.engines import Broken, Cutting
from tests.support.fake_worker import COSTLY, RAISES, FakeEngine
from workers.engines import Scored
from workers.scoring import analyses as analyzing
from workers.scoring.batch import Scoring
from workers.scoring.child import ScoringChild
from workers.scoring.outcomes import Outcome
from workers.sweeps import run_sweep

TOKENS = 10_000


def add_analyses(database: Database, *bodies: str, site: str = "analysen") -> None:
    site_id = add_site(database, site).site_id
    with database.write() as session:
        for body in bodies:
            deadline = clock.now() + timedelta(seconds=10)
            session.add(Analysis(site_id=site_id, body=body, deadline=deadline))
            session.flush()


def read(database: Database) -> list[Analysis]:
    with database.read() as session:
        return list(session.exec(select(Analysis).order_by(Analysis.id)))  # type: ignore[arg-type]  # a column


def open_ones(database: Database) -> list[tuple[str, UUID | None]]:
    """Return text and lease of each."""
    return [(item.body, item.lease) for item in read(database)]


def test_results_take_the_place_of_the_text(database: Database) -> None:
    add_analyses(database, "Du Idiot", RAISES)
    assert analyzing.run(database, FakeEngine(), TOKENS) is Outcome.STORED
    scored, failed = read(database)
    assert (scored.body, failed.body) == ("", "")
    assert scored.result
    assert scored.result["scores"] == {"toxicity": 0.9}
    assert scored.result["languages"] == ["de", "en"]
    assert failed.result == {"failure": "RuntimeError"}
    assert analyzing.run(database, FakeEngine(), TOKENS) is Outcome.NOTHING


def test_a_few_at_a_time_oldest_first(database: Database) -> None:
    add_analyses(database, *"abcdef")
    analyzing.run(database, FakeEngine(), TOKENS)
    assert [item.body for item in read(database)] == ["", "", "", "", "e", "f"]


def test_what_would_cost_too_much_is_a_failure_and_never_scored(database: Database) -> None:
    add_analyses(database, COSTLY, "b")
    analyzing.run(database, FakeEngine(), TOKENS)
    costly, scored = read(database)
    assert costly.result == {"failure": "too_costly"}
    assert scored.result
    assert scored.result["scores"]


def test_no_more_are_leased_than_a_caller_can_wait_for(database: Database) -> None:
    add_analyses(database, "a" * 60, "\ufdfa", "c", "d")
    analyzing.run(database, FakeEngine(), 90)
    assert [item.body for item in read(database)] == ["", "\ufdfa", "c", "d"]
    analyzing.run(database, FakeEngine(), 1)
    assert [item.body for item in read(database)] == ["", "", "c", "d"]


def test_what_nobody_waits_for_any_more_when_its_turn_comes_is_not_scored(
    database: Database,
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "a", "b")

        class Slow(FakeEngine):
            def score(self, texts: Sequence[str]) -> list[Scored]:
                now.advance(10.1)
                return super().score(texts)

        analyzing.run(database, Slow(), TOKENS)
    assert [(item.body, item.result is None) for item in read(database)] == [
        ("", False),
        ("b", True),
    ]


def test_no_site_waits_for_the_crowd_of_another(database: Database) -> None:
    add_analyses(database, *"abcdef")
    add_analyses(database, "u", site="kleinblatt")
    analyzing.run(database, FakeEngine(), TOKENS)
    assert [item.body for item in read(database) if item.body] == ["d", "e", "f"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_workers_at_once_lease_different_ones(database: Database) -> None:
    add_analyses(database, *"abcdefgh")
    with database.write() as session:
        first = session.exec(analyzing._next_of_all_sites(clock.now())).all()
        for analysis in first:
            analysis.lease = new_id()
        session.flush()
        second = analyzing._take(database, new_id(), TOKENS)
    assert [item.body for item in first] == ["a", "b", "c", "d"]
    assert [item.body for item in second] == ["e", "f", "g", "h"]
    assert analyzing._take(database, new_id(), TOKENS) == []


def test_a_broken_engine_blames_no_text(
    database: Database, scoring: Scoring, nudged: list[Lane]
) -> None:
    add_analyses(database, "a", "b")
    assert scoring.analyze(Broken()) is Outcome.ENGINE_BROKEN
    assert nudged == [Lane.WAITING]
    assert open_ones(database) == [("a", None), ("b", None)]
    assert scoring.analyze(FakeEngine()) is Outcome.STORED


def test_a_broken_engine_is_loaded_anew(database: Database, scoring: Scoring) -> None:
    add_analyses(database, "a")
    child = ScoringChild(scoring, lambda *_: FakeEngine(), threads=1)
    child._engine = Broken()
    child.score(Lane.WAITING)
    assert child._engine is None


def test_a_failing_database_keeps_no_text_from_the_next_worker(
    database: Database, scoring: Scoring
) -> None:
    add_analyses(database, "a", "b")
    with ExitStack() as failing:
        engine = Cutting(lambda: failing.enter_context(failing_database(database, last=0)))
        assert scoring.analyze(engine) is Outcome.FAILED
    assert open_ones(database) == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    "span",
    [
        {},
        {"start": -1, "end": 2, "attribute": "toxicity", "score": 0.5},
        {"start": 0, "end": 2, "attribute": "toxicity", "score": float("nan")},
    ],
    ids=["empty", "negative", "nan"],
)
def test_spans_that_are_none_are_a_failure(database: Database, span: dict[str, Any]) -> None:
    class Marking(FakeEngine):
        def score(self, texts: Sequence[str]) -> list[Scored]:
            return [replace(scored, spans=[span]) for scored in super().score(texts)]

    add_analyses(database, "Du Idiot")
    analyzing.run(database, Marking(), TOKENS)
    assert [item.result for item in read(database)] == [{"failure": "ValidationError"}]


def test_what_nobody_waits_for_is_not_scored_and_swept(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo")
        now.advance(10.1)
        assert analyzing.run(database, FakeEngine(), TOKENS) is Outcome.NOTHING
        run_sweep(database, lambda _: None, scoring.settings)
    assert not read(database)


def test_a_clock_behind_the_caller_s_scores_and_sweeps_nothing_away(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo")
        now.advance(-5)
        run_sweep(database, lambda _: None, scoring.settings)
        assert analyzing.run(database, FakeEngine(), TOKENS) is Outcome.STORED
    assert len(read(database)) == 1


def test_a_text_is_gone_after_a_minute_though_a_clock_was_set_back(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo", "Welt")
        now.advance(-40)
        run_sweep(database, lambda _: None, scoring.settings)
        assert len(read(database)) == 2
        now.advance(-0.1)
        run_sweep(database, lambda _: None, scoring.settings)
    assert not read(database)


def test_the_sweep_nudges_what_was_missed(database: Database, scoring: Scoring) -> None:
    nudged: list[Lane] = []
    add_analyses(database, "Hallo")
    run_sweep(database, nudged.append, scoring.settings)
    analyzing.run(database, FakeEngine(), TOKENS)
    run_sweep(database, nudged.append, scoring.settings)
    assert nudged == [Lane.WAITING]


def test_a_process_that_is_told_to_end_gives_back_what_is_left(database: Database) -> None:
    class Ended(FakeEngine):
        def score(self, texts: Sequence[str]) -> list[Scored]:  # noqa: ARG002 - as the protocol has it
            raise SystemExit

    add_analyses(database, "a", "b")
    with pytest.raises(SystemExit):
        analyzing.run(database, Ended(), TOKENS)
    assert open_ones(database) == [("a", None), ("b", None)]


def test_analyses_and_comments_take_turns(database: Database, scoring: Scoring) -> None:
    add_analyses(database, *"abcdefgh")
    rows = add_site(database, "beitraege")
    add_comments(database, rows, "Ein Beitrag")
    child = ScoringChild(scoring, lambda *_: FakeEngine(), threads=1)
    child._engine = FakeEngine()
    child.score(Lane.WAITING)
    with database.read() as session:
        assert session.exec(select(Comment)).one().state != "pending"
    assert [item.body for item in read(database)] == ["", "", "", "", *"efgh"]
