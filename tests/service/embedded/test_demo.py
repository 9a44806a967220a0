import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from service.auth.keys import find_caller
from service.db import Database
from service.embedded import demo
from service.http.callers import Scope
from service.tables import Moderator, Site

URL = "http://127.0.0.1:8000"


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """Give the kind of database that the embedded default has."""
    shutil.copy(migrated_sqlite, tmp_path / "netiquette.db")
    database = Database(f"sqlite:///{tmp_path / 'netiquette.db'}")
    yield database
    database.dispose()


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def works(database: Database, key: str) -> bool:
    with database.read() as session:
        return find_caller(session, key) is not None


def test_tells_a_working_key_and_account(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    assert demo.ensure(database, path, URL)
    content = read(path)
    assert content.keys() == {"base_url", "site", "api_key", "moderator"}
    assert content["moderator"].keys() == {"email", "password"}
    assert content["base_url"] == URL
    assert path.stat().st_mode & 0o777 == 0o600
    with database.read() as session:
        caller = find_caller(session, content["api_key"])
        site = session.exec(select(Site)).one()
        moderator = session.exec(select(Moderator)).one()
    assert site.key == content["site"]
    assert caller
    assert caller.site_id == site.id
    assert caller.scopes == set(Scope)
    assert moderator.email == content["moderator"]["email"]
    PasswordHasher().verify(moderator.password_hash or "", content["moderator"]["password"])


def test_changes_nothing_but_the_address_the_next_time(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    demo.ensure(database, path, URL)
    before = read(path)
    assert not demo.ensure(database, path, "http://127.0.0.1:9")
    assert read(path) == before | {"base_url": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "{}", '{"api_key": 5}', '{"api_key": ""}']
)
def test_makes_new_secrets_where_the_file_is_of_no_use(
    database: Database, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "demo.json"
    demo.ensure(database, path, URL)
    before = read(path)
    path.unlink()
    if content is not None:
        path.write_text(content, errors="surrogateescape")
    assert demo.ensure(database, path, URL)
    after = read(path)
    assert works(database, after["api_key"])
    assert not works(database, before["api_key"])
    with database.read() as session:
        moderator = session.exec(select(Moderator)).one()
    PasswordHasher().verify(moderator.password_hash or "", after["moderator"]["password"])
