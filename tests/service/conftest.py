"""Fixtures for the tests of the schema."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.db import Database


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/empty.db")
        yield database
        database.dispose()
        return
    server_url: str = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex}"
    server = Database(server_url)
    connection = server.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server.engine.url.set(database=name).render_as_string(hide_password=False))
    yield database
    database.dispose()
    connection.execute(text(f"DROP DATABASE {name}"))
    connection.close()
    server.dispose()
