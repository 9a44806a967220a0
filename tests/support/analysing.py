"""A scoring worker in this process, for doors whose callers wait for scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import delete

from service import clock
from service.db import Database
from service.tables import Scorer
from tests.support.fake_worker import FakeEngine
from tests.support.repeating import repeating
from workers.engines import Engine
from workers.scoring import analyses

SIGN_OF_LIFE = timedelta(seconds=2)


def add_scorer(database: Database) -> None:
    """Have a worker's sign of life in the database."""
    with database.write() as session:
        now = clock.now()
        session.merge(Scorer(id="test:1", model=FakeEngine.model, started_at=now, seen_at=now))


def remove_scorers(database: Database) -> None:
    """Take all signs of life away: tests share the database, and scorers belong to no site."""
    with database.write() as session:
        session.execute(delete(Scorer))


@contextmanager
def worker_on(database: Database, engine: Engine | None = None) -> Iterator[None]:
    """Do a worker's part on the database while the block runs."""
    add_scorer(database)
    engine = engine or FakeEngine()
    told = clock.now()

    def work() -> None:
        nonlocal told
        analyses.run(database, engine, tokens=10_000)
        # On a busy machine a module may take longer than a sign of life lasts.
        if clock.now() - told > SIGN_OF_LIFE:
            told = clock.now()
            add_scorer(database)

    with repeating(work):
        yield
