import pytest
from sqlmodel import select

from service.db import Database, after_commit
from service.tables import Site


def make_site() -> Site:
    return Site(key="zeitung", name="Zeitung", active_policy=1)


def fail_after_adding(database: Database, told: list[int]) -> float:
    with database.write() as session:
        session.add(make_site())
        after_commit(session, lambda: told.append(1))
        return 1 / len(told)


def test_write_commits_and_then_calls_back(database: Database) -> None:
    told: list[int] = []
    with database.write() as session:
        session.add(make_site())
        after_commit(session, lambda: told.append(1))
        assert told == []
    assert told == [1]
    with database.read() as session:
        assert session.exec(select(Site)).one().key == "zeitung"


def test_rollback_drops_the_callbacks(database: Database) -> None:
    told: list[int] = []
    with pytest.raises(ZeroDivisionError):
        fail_after_adding(database, told)
    assert told == []
    with database.read() as session:
        assert session.exec(select(Site)).all() == []


def test_reading_never_commits(database: Database) -> None:
    with database.read() as session:
        session.add(make_site())
        session.flush()
    with database.read() as session:
        assert session.exec(select(Site)).all() == []
