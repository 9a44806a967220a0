from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from service.app import create_app
from service.db import Database
from service.health import use_cases
from service.settings import Settings
from service.tables import Retention
from service.testing.rows import add_comments, add_site, frozen_clock
from tests.support.analysing import add_scorer, remove_scorers

DEAD_PORT = "redis://127.0.0.1:1/0"


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    app = create_app(Settings(database_url=database_url, redis_url=DEAD_PORT))
    yield TestClient(app)
    app.state.context.database.dispose()


def ready(client: TestClient, status: int) -> dict[str, Any]:
    response = client.get("/readyz")
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_alive_without_anybody_else(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_load_balancers_may_ask_by_head(client: TestClient, database: Database) -> None:
    assert client.head("/healthz").status_code == 200
    assert client.head("/readyz").status_code == 503
    add_scorer(database)
    answer = client.head("/readyz")
    assert (answer.status_code, answer.content) == (200, b"")


def test_not_ready_until_a_comment_can_be_scored(client: TestClient, database: Database) -> None:
    assert ready(client, 503)["status"] == "starting"
    add_scorer(database)
    answer = ready(client, 200)
    assert answer == {"status": "ready", "degraded": ["redis"], "oldest_pending_seconds": 0}


def test_once_ready_the_rest_only_degrades(client: TestClient, database: Database) -> None:
    with frozen_clock() as frozen:
        rows = add_site(database)
        add_scorer(database)
        add_comments(database, rows, "Hallo")
        ready(client, 200)
        frozen.advance(60)
        assert ready(client, 200)["degraded"] == ["redis", "scoring"]
        frozen.advance(timedelta(minutes=5).total_seconds())
        with database.write() as session:
            session.add(Retention(id=1, trusted_at=frozen(), held_since=frozen()))
        answer = ready(client, 200)
        assert answer["degraded"] == ["redis", "scoring", "stale_pending", "retention"]
        assert answer["oldest_pending_seconds"] == 360


def test_workers_that_left_do_not_close_the_door(client: TestClient, database: Database) -> None:
    add_scorer(database)
    ready(client, 200)
    remove_scorers(database)
    assert ready(client, 200)["degraded"] == ["redis", "scoring"]


def test_not_ready_without_a_database() -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    client = TestClient(create_app(Settings(database_url=url, redis_url=DEAD_PORT)))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["type"] == "urn:netiquette:problem:unavailable"
    assert response.headers["retry-after"]
    refused = client.post("/v1/comments", headers={"Authorization": "Bearer nq_" + "x" * 43})
    assert refused.status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_database_without_tables_is_explained(empty: Database) -> None:
    url = empty.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, redis_url=DEAD_PORT))
    client = TestClient(app)
    for response in (
        client.get("/readyz"),
        client.get("/v1/review/queue", headers={"Authorization": "Bearer nq_" + "x" * 43}),
    ):
        assert response.status_code == 503
        assert "netiquette migrate" in response.json()["detail"]
    assert client.head("/readyz").status_code == 503
    app.state.context.database.dispose()


def test_a_column_of_another_version_is_explained(client: TestClient, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE scorer RENAME COLUMN seen_at TO seen"))
    try:
        assert "netiquette migrate" in client.get("/readyz").json()["detail"]
    finally:
        with database.engine.begin() as connection:
            connection.execute(text("ALTER TABLE scorer RENAME COLUMN seen TO seen_at"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_not_ready_on_a_full_disk(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_scorer(database)
    ready(client, 200)
    # No disk of this machine has so much room: as good as full.
    monkeypatch.setattr(use_cases, "ROOM", 2**80)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "full" in response.json()["detail"]
