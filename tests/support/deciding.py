"""A scoring worker in this process that decides comments, also those that callers wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.db import Database
from service.domain.vocabulary import Lane
from service.settings import Settings
from tests.support.fake_worker import FakeEngine
from tests.support.repeating import repeating
from workers.scoring.batch import Scoring


@contextmanager
def deciding_on(database: Database, folder: Path) -> Iterator[None]:
    """Do a worker's part on the database while the block runs; `folder` is for its models."""
    (folder / "fake").touch()
    scoring = Scoring(database, Settings(models_dir=folder), lambda _lane: None)

    def decide() -> None:
        for lane in (Lane.WAITING, Lane.COMMENTS):
            scoring.run(FakeEngine(), lane)

    with repeating(decide):
        yield
