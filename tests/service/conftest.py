"""Fixtures for the tests of the schema."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.db import Database
from tests.support.postgres import new_postgres_database


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/empty.db")
        yield database
        database.dispose()
        return
    with new_postgres_database(request.getfixturevalue("postgres_url")) as url:
        database = Database(url)
        yield database
        database.dispose()
