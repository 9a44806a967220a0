"""A database of each released schema, with rows of every table, comes through to today's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, select
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from service.app import create_app
from service.db import Database
from service.migrations import migrate
from service.settings import Settings
from service.testing.backend import comment_in

DATA = Path(__file__).parents[1] / "data" / "upgrades"
"""A file of inserts per released schema, named after its revision. Add one with each release."""

TOKEN = "nq_UpgradeTestAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
FIRST = "0193f0c0-0000-7000-8000-000000000007"
SECOND = "0193f0c0-0000-7000-8000-000000000008"

COMPUTED = {"risk"}
"""Columns that a migration computes anew from the other rows."""

Rows = dict[str, list[dict[str, Any]]]


def rows(database: Database) -> Rows:
    """Return every row as the database itself describes it, without today's models."""
    found = MetaData()
    with database.engine.connect() as connection:
        found.reflect(connection)
        return {
            table.name: sorted(_rows(connection.execute(select(table)), table), key=json.dumps)
            for table in found.sorted_tables
            if table.name != "alembic_version"
        }


def _rows(result: Any, table: Table) -> Iterator[dict[str, Any]]:
    for row in result:
        yield {column.name: str(value) for column, value in zip(table.columns, row, strict=True)}


@pytest.fixture(params=sorted(path.stem for path in DATA.glob("*.sql")))
def old(request: pytest.FixtureRequest, empty: Database) -> Database:
    """Return a database as that release left it."""
    revision: str = request.param
    migrate(empty, revision)
    script = (DATA / f"{revision}.sql").read_text("utf-8")
    with empty.engine.connect() as connection:
        for statement in script.split(";\n"):
            # By the driver itself: SQLAlchemy would read `:` as parameters.
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.commit()
    return empty


def test_the_data_has_rows_of_every_table(old: Database) -> None:
    assert [name for name, found in rows(old).items() if not found] == []


def test_an_upgrade_keeps_every_row(old: Database) -> None:
    before = rows(old)
    migrate(old)
    after = rows(old)
    for table, found in before.items():
        kept = (found[0].keys() & after[table][0].keys()) - COMPUTED
        assert [{name: row[name] for name in kept} for row in after[table]] == [
            {name: row[name] for name in kept} for row in found
        ], table


def test_an_upgrade_ends_in_today_s_schema(old: Database) -> None:
    migrate(old)
    with old.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
        if old.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


@pytest.fixture
def client(old: Database) -> Iterator[TestClient]:
    migrate(old)
    url = old.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, redis_url="redis://127.0.0.1:1/0"))
    yield TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    app.state.context.database.dispose()


def test_the_service_goes_on_with_what_was_there(client: TestClient) -> None:
    first = client.get(f"/v1/comments/{FIRST}").json()
    assert (first["state"], first["revision"]) == ("approved", 2)
    assert first["assessment"]["scores"] == {"toxicity": 0.02}
    history = client.get(f"/v1/comments/{SECOND}/history").json()["items"]
    assert {item["kind"] for item in history} == {"revision", "assessment", "decision", "report"}
    events = client.get("/v1/events", params={"after": 0}).json()
    assert [event["sequence"] for event in events["items"]] == [1, 2, 3]
    queue = client.get("/v1/review/queue").json()
    assert [(item["id"], item["risk"]) for item in queue["items"]] == [(SECOND, 0.9)]
    assert client.post("/v1/comments", json=comment_in()).status_code == 202
