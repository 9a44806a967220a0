from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from service import clock
from service.app import create_app
from service.db import Database
from service.settings import Settings
from service.tables import Scorer
from service.testing import add_comments, add_site, frozen_clock

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


def add_scorer(database: Database) -> None:
    now = clock.now()
    with database.write() as session:
        session.add(Scorer(id="host:1", model="0" * 64, started_at=now, seen_at=now))


def test_alive_without_anybody_else(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


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
        answer = ready(client, 200)
        assert answer["degraded"] == ["redis", "scoring", "stale_pending"]
        assert answer["oldest_pending_seconds"] == 360


def test_workers_that_left_do_not_close_the_door(client: TestClient, database: Database) -> None:
    add_scorer(database)
    ready(client, 200)
    with database.write() as session:
        session.execute(delete(Scorer))
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
