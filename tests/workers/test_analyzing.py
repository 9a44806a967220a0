"""The worker's part in an analysis."""

from datetime import timedelta

import pytest
from sqlmodel import select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.tables import Analysis, Comment
from service.testing import add_comments, add_site, frozen_clock
from tests.invariants.fake_worker import RAISES, FakeEngine
from workers import analyzing
from workers.child import ScoringChild
from workers.scoring import Scoring
from workers.sweeps import sweep


def add_analyses(database: Database, *bodies: str) -> None:
    site_id = add_site(database, "analysen").site_id
    with database.write() as session:
        for body in bodies:
            deadline = clock.now() + timedelta(seconds=10)
            session.add(Analysis(site_id=site_id, body=body, deadline=deadline))
            session.flush()


def read(database: Database) -> list[Analysis]:
    with database.read() as session:
        return list(session.exec(select(Analysis).order_by(Analysis.id)))  # type: ignore[arg-type]  # a column


def test_results_take_the_place_of_the_text(database: Database) -> None:
    add_analyses(database, "Du Idiot", RAISES)
    assert analyzing.run(database, FakeEngine())
    scored, failed = read(database)
    assert (scored.body, failed.body) == ("", "")
    assert scored.result
    assert scored.result["scores"] == {"toxicity": 0.9}
    assert scored.result["languages"] == ["de", "en"]
    assert failed.result == {"failure": "RuntimeError"}
    assert not analyzing.run(database, FakeEngine())


def test_a_few_at_a_time_oldest_first(database: Database) -> None:
    add_analyses(database, *"abcdef")
    analyzing.run(database, FakeEngine())
    assert [item.body for item in read(database)] == ["", "", "", "", "e", "f"]


def test_what_nobody_waits_for_is_not_scored_and_swept(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo")
        now.advance(10.1)
        assert not analyzing.run(database, FakeEngine())
        sweep(database, lambda _: None, scoring.settings)
    assert not read(database)


def test_a_clock_behind_the_caller_s_scores_and_sweeps_nothing_away(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo")
        now.advance(-5)
        sweep(database, lambda _: None, scoring.settings)
        assert analyzing.run(database, FakeEngine())
    assert len(read(database)) == 1


def test_a_text_is_gone_after_a_minute_though_a_clock_was_set_back(
    database: Database, scoring: Scoring
) -> None:
    with frozen_clock() as now:
        add_analyses(database, "Hallo", "Welt")
        now.advance(-40)
        sweep(database, lambda _: None, scoring.settings)
        assert len(read(database)) == 2
        now.advance(-0.1)
        sweep(database, lambda _: None, scoring.settings)
    assert not read(database)


def test_the_sweep_nudges_what_was_missed(database: Database, scoring: Scoring) -> None:
    nudged: list[Lane] = []
    add_analyses(database, "Hallo")
    sweep(database, nudged.append, scoring.settings)
    analyzing.run(database, FakeEngine())
    sweep(database, nudged.append, scoring.settings)
    assert nudged == [Lane.WAITING]


def test_a_process_that_is_told_to_end_gives_back_what_is_left(database: Database) -> None:
    class Ended(FakeEngine):
        def score(self, _texts: object) -> list[object]:  # type: ignore[override]
            raise SystemExit

    add_analyses(database, "a", "b")
    with pytest.raises(SystemExit):
        analyzing.run(database, Ended())
    assert [(item.body, item.lease) for item in read(database)] == [("a", None), ("b", None)]


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
