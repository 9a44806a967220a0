"""Migrations give exactly the tables, and the queues' indexes are used."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from service.db import Database
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.migrations import migrate
from service.testing.backend import Backend
from workers.scoring import leases
from workers.scoring.turns import Limits


def test_upgrading_gives_exactly_the_tables(empty: Database) -> None:
    migrate(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    migrate(empty)


def test_downgrading_removes_everything(empty: Database) -> None:
    migrate(empty)
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    with empty.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate(empty)


def plans(backend: Backend, work: Callable[[], object]) -> str:
    """Do some work, and return how SQLite went about each query on comments."""
    engine = backend.database.engine
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM comment" in statement:
            seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        return "\n".join(
            str(row[3])
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )


@pytest.fixture
def on_sqlite(sqlite_client: TestClient) -> Backend:
    database = sqlite_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    return Backend.of_new_site(sqlite_client, database)


def test_a_thread_is_read_by_its_index(on_sqlite: Backend) -> None:
    used = plans(on_sqlite, lambda: on_sqlite.call("GET", "/v1/threads/artikel/comments"))
    assert "ix_comment_thread" in used
    assert "SCAN comment" not in used
    assert "TEMP B-TREE" not in used


def test_readiness_finds_the_oldest_by_an_index(on_sqlite: Backend) -> None:
    used = plans(on_sqlite, lambda: on_sqlite.client.get("/readyz"))
    assert "ix_comment_pending" in used


def test_leasing_takes_the_oldest_by_an_index(on_sqlite: Backend) -> None:
    on_sqlite.comment()
    limits = Limits(comments=16, tokens=10_000, seconds=60)
    used = plans(on_sqlite, lambda: leases.take(on_sqlite.database, Lane.BULK, new_id(), limits))
    assert "ix_comment_pending" in used
    assert "SCAN comment" not in used
