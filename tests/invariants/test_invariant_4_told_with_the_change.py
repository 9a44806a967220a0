"""Invariant 4: a state change, its Decision and its Event are one transaction."""

import pytest
from sqlalchemy import event
from sqlmodel import func, select

from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.tables import Assessment, Comment, Decision, Event
from service.testing.rows import add_comments, add_site
from tests.support.fake_worker import FakeEngine
from tests.support.record import check_record
from workers.scoring import leases
from workers.scoring.checks import score_checked
from workers.scoring.storing import store
from workers.scoring.turns import Limits


@pytest.mark.parametrize("table", [Assessment, Decision, Event])
def test_cut_off_before_any_of_the_rows_nothing_is_written(database: Database, table: type) -> None:
    ids = add_comments(database, add_site(database), "a", "b")
    batch = leases.take(database, Lane.COMMENTS, new_id(), Limits(9, 999, 75))
    assert batch
    results = score_checked(FakeEngine(), ["a", "b"])
    left = iter([True])

    def cut(*_: object) -> None:
        if not next(left, False):
            raise KeyboardInterrupt

    event.listen(table, "before_insert", cut)
    try:
        with pytest.raises(KeyboardInterrupt):
            store(database, FakeEngine(), batch, results)
    finally:
        event.remove(table, "before_insert", cut)
    with database.read() as session:
        for each in (Assessment, Decision, Event):
            assert session.exec(select(func.count()).select_from(each)).one() == 0
        assert set(session.exec(select(Comment.state))) == {State.PENDING}
    store(database, FakeEngine(), batch, results)
    check_record(database, ids)
