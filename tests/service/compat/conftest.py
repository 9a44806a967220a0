"""A scoring worker in this process, for doors whose callers wait for scores."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from service import clock
from service.db import Database
from service.tables import Scorer
from service.testing_http import Backend
from tests.invariants.fake_worker import FakeEngine
from workers import analyzing


def add_scorer(database: Database) -> None:
    """Have a worker's sign of life in the database."""
    with database.write() as session:
        now = clock.now()
        session.merge(Scorer(id="test:1", model=FakeEngine.model, started_at=now, seen_at=now))


@contextmanager
def worker_on(database: Database) -> Iterator[None]:
    """Do a worker's part on the database while the block runs."""
    add_scorer(database)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.01):
            analyzing.run(database, FakeEngine())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def worker(backend: Backend) -> Iterator[None]:
    """Have analyses on the backend's database scored until the test ends."""
    with worker_on(backend.database):
        yield
