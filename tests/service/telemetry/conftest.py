"""Fixture: an installation at work, whose telemetry tests read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.db import Database
from service.http.callers import Scope
from service.testing.backend import make_key
from service.testing.rows import add_site
from tests.service.telemetry.collector import Collector
from tests.service.telemetry.installation import Installation
from tests.support.stack import Valkey


@pytest.fixture(scope="module")
def installation(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Give a running installation on SQLite, with a collector for its traces."""
    with running(migrated_sqlite, tmp_path_factory.mktemp("telemetry"), 50) as started:
        yield started


@pytest.fixture
def stoppable(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Installation]:
    """Give one that the test may stop or break; it sends spans once a minute only."""
    with running(migrated_sqlite, tmp_path, 60_000) as started:
        yield started


@contextmanager
def running(migrated_sqlite: Path, folder: Path, delay_ms: int) -> Iterator[Installation]:
    shutil.copy(migrated_sqlite, folder / "netiquette.db")
    database = Database(f"sqlite:///{folder / 'netiquette.db'}")
    rows = add_site(database)
    key = make_key(database, rows.site_id, *Scope)
    valkey = Valkey(folder / "valkey")
    with Collector() as collector:
        started = Installation(folder, database, rows, key, valkey, collector, delay_ms)
        try:
            started.start()
            yield started
        finally:
            started.close()
            valkey.kill()
            database.dispose()
