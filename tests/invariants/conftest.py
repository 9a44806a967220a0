"""Fixtures: a real Valkey, and a site whose workers a test starts and kills."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.db import Database
from service.testing.rows import add_site
from tests.support.stack import Stack, Valkey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """Give an empty Valkey of this test's own."""
    server = Valkey(tmp_path / "valkey")
    yield server
    server.kill()


@pytest.fixture
def stack(database: Database, database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Stack]:
    """Give a site, a broker and short settings; the test starts the workers that it needs."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fake").touch()
    environment = os.environ | {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": valkey.url,
        "NETIQUETTE_MODELS_DIR": str(tmp_path / "models"),
        "NETIQUETTE_TIME_LIMIT": "2",
        "NETIQUETTE_LEASE_SECONDS": "3",
        "NETIQUETTE_SWEEP_SECONDS": "0.5",
        "NETIQUETTE_BATCH_SIZE": "4",
    }
    stack = Stack(database, valkey, tmp_path, environment, add_site(database))
    yield stack
    stack.close()
