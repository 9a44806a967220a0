"""Fixtures for the tests of the schema."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    with new_postgres_database(request.getfixturevalue("postgres_url")) as url:
        database = Database(url)
        yield database
        database.dispose()


@contextmanager
def new_postgres_database(server_url: str) -> Iterator[str]:
    """Give the URL of another, empty database on the same server."""
    name = f"empty_{uuid4().hex}"
    server = Database(server_url)
    connection = server.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.engine.url.set(database=name).render_as_string(hide_password=False)
    connection.execute(text(f"DROP DATABASE {name}"))
    connection.close()
    server.dispose()
