"""A database that was damaged, lost or made read-only while the service runs: 503, and why."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from service import clock
from service.app import create_app
from service.backup import sqlite
from service.db import Database
from service.migrations import migrate
from service.settings import Settings
from service.tables import Scorer
from service.testing.backend import Backend
from tests.support.installation import DEAD_PORT
from tests.support.postgres import new_postgres_database


def backend_on(url: str) -> Backend:
    """Return a backend whose service is ready."""
    app = create_app(Settings(database_url=url, redis_url=DEAD_PORT))
    database = app.state.context.database
    backend = Backend.of_new_site(TestClient(app), database)
    now = clock.now()
    with database.write() as session:
        session.add(Scorer(id="host:1", model="0" * 64, started_at=now, seen_at=now))
    assert backend.client.get("/readyz").status_code == 200
    backend.comment()
    return backend


def is_unavailable(response: Any, *words: str) -> None:
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"]
    detail = response.json()["detail"]
    assert any(word in detail for word in words), detail


@pytest.fixture
def file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    path = tmp_path / "netiquette.db"
    shutil.copy(migrated_sqlite, path)
    return path


@pytest.fixture
def on_sqlite(file: Path) -> Iterator[Backend]:
    backend = backend_on(f"sqlite:///{file}")
    migrate(backend.database)
    yield backend
    backend.database.dispose()


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[Backend]:
    with new_postgres_database(postgres_url) as url:
        database = Database(url)
        migrate(database)
        database.dispose()
        backend = backend_on(url)
        yield backend
        backend.database.dispose()


def logs_of(file: Path) -> list[Path]:
    return [file.with_name(file.name + end) for end in ("-wal", "-shm")]


def delete(file: Path) -> None:
    file.unlink()


def delete_all(file: Path) -> None:
    for path in (file, *logs_of(file)):
        path.unlink(missing_ok=True)


def move(file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))


def empty(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("lose", [delete, delete_all, move, empty])
def test_nothing_is_accepted_into_a_lost_file(
    on_sqlite: Backend, file: Path, lose: Callable[[Path], None]
) -> None:
    lose(file)
    for _ in range(3):
        is_unavailable(on_sqlite.post(), "gone")
        is_unavailable(on_sqlite.client.get("/readyz"), "gone")
        is_unavailable(on_sqlite.call("GET", "/v1/review/queue"), "gone")
    assert not file.exists() or file.stat().st_size == 0, "no new one in its place"


@pytest.mark.parametrize("lose", [delete, move, empty])
def test_a_file_lost_in_mid_transaction_is_not_committed_to(
    on_sqlite: Backend,
    file: Path,
    lose: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from service.comments import accepting, intake

    accept = accepting.accept_items

    def lost_meanwhile(*args: Any, **more: Any) -> Any:
        outcome = accept(*args, **more)
        lose(file)
        return outcome

    monkeypatch.setattr(intake, "accept_items", lost_meanwhile)
    is_unavailable(on_sqlite.post(), "gone")


def replace_by_empty(file: Path) -> None:
    move(file)
    file.touch()


def replace_by_older(file: Path) -> None:
    move(file)
    older(file).rename(file)


def older(file: Path) -> Path:
    return file.with_name("older.db")


@pytest.fixture
def with_older_copy(on_sqlite: Backend, file: Path) -> Backend:
    """Give a backend with a copy of its database in the same folder, and a comment since then."""
    sqlite.back_up(file, older(file))
    on_sqlite.comment()
    return on_sqlite


@pytest.mark.parametrize("swap", [move, replace_by_empty, replace_by_older])
def test_a_file_put_back_is_used_again(
    with_older_copy: Backend, file: Path, swap: Callable[[Path], None]
) -> None:
    backend = with_older_copy
    swap(file)
    for _ in range(3):
        is_unavailable(backend.post(), "gone")
        is_unavailable(backend.client.get("/readyz"), "gone")
    file.with_name("elsewhere.db").rename(file)
    backend.comment()
    assert backend.client.get("/readyz").status_code == 200
    with closing(sqlite3.connect(file)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM comment").fetchone()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert count == 3, "with the one that only the log held"


def test_a_process_that_starts_meanwhile_uses_no_other_file_either(
    with_older_copy: Backend, file: Path
) -> None:
    replace_by_older(file)
    before = file.read_bytes()
    url = str(with_older_copy.database.engine.url)
    with TestClient(create_app(Settings(database_url=url, redis_url=DEAD_PORT))) as client:
        is_unavailable(client.get("/readyz"), "gone")
    assert file.read_bytes() == before, "the log beside it was not applied to it"


def test_another_file_is_taken_for_the_database_by_a_migration(
    on_sqlite: Backend, file: Path
) -> None:
    sqlite.back_up(file, older(file))
    on_sqlite.database.dispose()
    replace_by_older(file)
    is_unavailable(on_sqlite.post(), "gone")
    migrated, started_later = (Database(str(on_sqlite.database.engine.url)) for _ in range(2))
    migrate(migrated)
    started_later.probe()
    is_unavailable(on_sqlite.post(), "gone")
    for database in (migrated, started_later):
        database.dispose()


def overwrite(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(os.urandom(file.stat().st_size))


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("damage", [overwrite, halve])
def test_a_damaged_file_is_told(
    on_sqlite: Backend, file: Path, damage: Callable[[Path], None]
) -> None:
    # Everything is in the file, as after any checkpoint.
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(file)
    is_unavailable(on_sqlite.client.get("/readyz"), "damaged", "disk cannot be read")
    # As new connections meet it: those that are open have pages in memory.
    on_sqlite.database.dispose()
    is_unavailable(on_sqlite.post(), "damaged", "disk cannot be read")
    is_unavailable(on_sqlite.call("GET", "/v1/review/queue"), "damaged", "disk cannot be read")
    is_unavailable(on_sqlite.client.get("/readyz"), "damaged", "disk cannot be read")


@pytest.mark.parametrize("table", ["comment", "revision"])
def test_a_damaged_table_ends_readiness(on_sqlite: Backend, file: Path, table: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (page,) = connection.execute(query, [table]).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\xff" * size)
    is_unavailable(on_sqlite.client.get("/readyz"), "damaged")


def test_a_full_sqlite_is_told(on_sqlite: Backend) -> None:
    engine = on_sqlite.database.engine
    engine.dispose()

    def no_more(connection: Any, _record: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(engine, "connect", no_more)
    # Of several members, since so long a text counts for many against a member's limit.
    answers = [on_sqlite.post(body="x" * 9000, member={"key": f"m-{n}"}) for n in range(5)]
    is_unavailable(answers[-1], "disk is full")


def test_a_read_only_sqlite_is_told(on_sqlite: Backend) -> None:
    engine = on_sqlite.database.engine
    engine.dispose()

    event.listen(engine, "connect", lambda one, _: one.execute("PRAGMA query_only=ON"))
    is_unavailable(on_sqlite.post(), "read-only")


def test_a_read_only_postgres_is_told(on_postgres: Backend) -> None:
    url = on_postgres.database.engine.url
    on_postgres.database.dispose()
    with on_postgres.database.engine.begin() as connection:
        name = f'"{url.database}"'
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    on_postgres.database.dispose()
    is_unavailable(on_postgres.post(), "read-only")
    is_unavailable(on_postgres.client.get("/readyz"), "read-only")
    assert on_postgres.call("GET", "/v1/review/queue").status_code == 200, "reading goes on"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("25006", "read-only"),
        ("53100", "disk is full"),
        ("58030", "cannot be read or written"),
        ("58P01", "damaged"),
        ("XX001", "damaged"),
        ("XX002", "damaged"),
    ],
)
def test_what_postgres_says_of_itself(on_postgres: Backend, state: str, word: str) -> None:
    with on_postgres.database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON comment "
                "FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    is_unavailable(on_postgres.post(), word)
