"""What runs between `migrate` and the restart: code of one release on the schema of the next."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from service.app import create_app
from service.db import Database
from service.domain.states import State
from service.migrations import migrate
from service.settings import Settings
from service.testing.backend import Backend, comment_in


@pytest.fixture
def backend(empty: Database) -> Iterator[Backend]:
    """Return a site's backend on a database of its own, whose schema the test changes."""
    migrate(empty)
    url = empty.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, redis_url="redis://127.0.0.1:1/0"))
    yield Backend.of_new_site(TestClient(app), empty)
    app.state.context.database.dispose()


def change(backend: Backend, *statements: str) -> None:
    with backend.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_what_a_migration_adds_is_in_nobodys_way(backend: Backend) -> None:
    before = backend.comment()
    tables = [f'ALTER TABLE "{name}" ADD COLUMN later TEXT' for name in SQLModel.metadata.tables]
    change(backend, *tables, "CREATE TABLE newer (id INTEGER PRIMARY KEY)")
    comment = backend.comment(member={"key": "neu"}, thread={"key": "neu"}, external_id="1")
    for known in (before, comment):
        backend.judge(known["id"], State.FLAGGED)
        assert backend.decide(known["id"], "approved").status_code == 201
    path = f"/v1/comments/{comment['id']}"
    assert backend.call("PATCH", path, json={"body": "Neu"}).status_code == 200
    batch = {"comments": [comment_in(), comment_in(external_id="2")]}
    assert backend.call("POST", "/v1/comments/batch", json=batch).status_code == 202
    assert backend.call("GET", path + "/history").status_code == 200
    assert backend.call("DELETE", "/v1/members/neu").status_code == 202


def test_what_a_migration_takes_away_stops_the_release_before(backend: Backend) -> None:
    comment = backend.comment()
    change(backend, "ALTER TABLE comment RENAME COLUMN audience TO readers")
    for response in (backend.post(), backend.call("GET", f"/v1/comments/{comment['id']}")):
        assert response.status_code == 503
        assert "netiquette migrate" in response.json()["detail"]
    change(backend, "ALTER TABLE comment RENAME COLUMN readers TO audience")
    assert backend.read(comment["id"]) == comment
