"""Further databases on the tests' Postgres server."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import text

from service.db import Database


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
