"""Invariant 5: what cannot be scored ends as flagged, and holds nobody else up."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from service.domain.states import State
from service.tables import Comment, Decision, Scorer
from service.testing.rows import add_comments
from tests.support.record import check_record
from tests.support.stack import Stack, wait_until
from workers.scoring.storing import CRASH_OR_HANG


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_poison_is_flagged_after_three_failures_alone(stack: Stack) -> None:
    bodies = ["Guten Tag", "STIRBT", "KLEMMT", "Gut gesagt"]
    bodies += ["MURKS", "Danke", "NANU", "Bitte"]
    ids = add_comments(stack.database, stack.rows, *bodies)
    stack.start_all(children=2)
    states = stack.wait_decided(ids, seconds=60)
    assert states == [State.APPROVED if body[1].islower() else State.FLAGGED for body in bodies]
    check_record(stack.database, ids)
    with stack.database.read() as session:
        causes = [
            session.exec(select(Decision.reasons).where(Decision.comment_id == ids[place])).one()
            for place in (1, 2, 4, 6)
        ]
    assert causes == [
        [{"code": "scoring_failed", "evidence": cause}]
        for cause in (CRASH_OR_HANG, CRASH_OR_HANG, "RuntimeError", "ValueError")
    ]
    assert not any(body in stack.logs() for body in ("STIRBT", "KLEMMT", "MURKS", "NANU"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_model_nothing_is_leased_until_it_is_there(stack: Stack, tmp_path: Path) -> None:
    model = tmp_path / "models" / "fake"
    model.unlink()
    ids = add_comments(stack.database, stack.rows, "Guten Tag")
    stack.start("score")
    stack.start("io")
    stack.start("beat")
    wait_until(lambda: "model_not_loaded" in stack.logs())
    with stack.database.read() as session:
        assert session.exec(select(col(Comment.attempts), col(Comment.lease))).all() == [(0, None)]
        assert session.exec(select(Scorer)).all() == []
    model.touch()
    assert stack.wait_decided(ids) == [State.APPROVED]
