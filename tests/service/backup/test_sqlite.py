"""Backup and restore of an SQLite file, under writes and beside a running service."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from service import sqlite_file
from service.cli import commands
from service.db import Database
from service.embedded import folder
from service.settings import settings
from service.tables import Comment, Revision
from service.testing.rows import SiteRows, add_comments, add_site

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs a command on the database of a URL."""

    def invoke(url: str, *arguments: str | Path, code: int = 0) -> Result:
        monkeypatch.setenv("NETIQUETTE_DATABASE_URL", url)
        settings.cache_clear()
        result = CliRunner().invoke(commands, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    yield invoke
    settings.cache_clear()


@contextmanager
def writing(database: Database, rows: SiteRows) -> Iterator[list[object]]:
    """Write comments, each with its revision, all the while; gives the ids that were told."""
    told: list[object] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            told.extend(add_comments(database, rows, "Das sehe ich anders."))
            time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(told) < 20:
            time.sleep(0.005)
        yield told
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def path(tmp_path: Path, migrated_sqlite: Path) -> Path:
    path = tmp_path / "var" / "netiquette.db"
    path.parent.mkdir()
    path.write_bytes(migrated_sqlite.read_bytes())
    return path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def rows(path: Path) -> SiteRows:
    database = Database(url(path))
    rows = add_site(database)
    add_comments(database, rows, "Vorher.")
    database.dispose()
    return rows


def bodies(path: Path) -> list[str]:
    database = Database(url(path))
    with database.read() as session:
        found = list(session.exec(select(Revision.body)))
    database.dispose()
    return found


def test_what_was_told_before_is_in_a_backup_made_under_writes(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    database = Database(url(path))
    with writing(database, rows) as told:
        before = list(told)
        run(url(path), "backup", file)
        count = len(told)
        while len(told) == count:  # the writer goes on
            pass
    database.dispose()

    other = tmp_path / "other" / "netiquette.db"
    run(url(other), "restore", file)
    restored = Database(url(other))
    with restored.read() as session:
        comments = set(session.exec(select(Comment.id)))
        revisions = set(session.exec(select(Revision.comment_id)))
    restored.dispose()
    assert comments == revisions
    assert set(before) <= comments


def test_a_backup_is_one_file_for_its_owner(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    run(url(path), "backup", place / "a.db")
    assert [file.name for file in place.iterdir()] == ["a.db"]
    assert (place / "a.db").stat().st_mode & 0o777 == 0o600


def test_no_file_is_overwritten(run: Run, path: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    result = run(url(path), "backup", file, code=1)
    assert "exists already" in result.output
    assert file.read_text() == "mine"


@pytest.mark.parametrize("place", ["nowhere/a.db", "."])
def test_where_nothing_can_be_written(run: Run, path: Path, tmp_path: Path, place: str) -> None:
    assert str(tmp_path) in run(url(path), "backup", tmp_path / place, code=1).output


def test_a_name_mistyped_makes_no_database(run: Run, tmp_path: Path) -> None:
    said = run(url(tmp_path / "typo.db"), "backup", tmp_path / "a.db", code=1).output
    assert f"no database at {tmp_path / 'typo.db'}" in said
    assert "NETIQUETTE_VAR_DIR" in said
    assert list(tmp_path.iterdir()) == []


def test_a_copy_in_the_place_of_the_database_is_left_alone(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    sqlite_file.mark(path)
    older = tmp_path / "older.db"
    run(url(path), "backup", older)
    database = Database(url(path))
    add_comments(database, rows, "Seitdem.")
    aside = path.rename(path.with_name("aside.db"))
    older.rename(path)
    refused = run(url(path), "backup", tmp_path / "backup.db", code=1)
    assert "is another file than the one" in refused.output
    aside.rename(path)
    database.dispose()
    assert sorted(bodies(path)) == ["Seitdem.", "Vorher."], "the log was not taken from it"


def test_restoring_keeps_the_old_database_whole(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    database = Database(url(path))
    add_comments(database, rows, "Nachher.")
    database.dispose()
    result = run(url(path), "restore", file)
    assert bodies(path) == ["Vorher."]
    (aside,) = path.parent.glob("netiquette.db.*Z")
    assert str(aside) in result.output.replace("\n", "")
    assert bodies(aside) == ["Vorher.", "Nachher."]
    assert path.stat().st_mode & 0o777 == 0o600


def test_not_while_somebody_is_connected(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    database = Database(url(path))
    with database.read() as session:
        session.exec(select(Comment.id)).all()
    # Idle now, as a pool's connections are most of the time.
    assert "in use" in run(url(path), "restore", file, code=1).output
    add_comments(database, rows, "Nachher.")
    database.dispose()
    assert bodies(path) == ["Vorher.", "Nachher."]
    assert len(list(path.parent.iterdir())) == 1


def test_not_while_the_embedded_default_runs(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    with folder.locked(path.parent, "http://127.0.0.1:8000"):
        assert "running already" in run(url(path), "restore", file, code=1).output
    run(url(path), "restore", file)


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_damaged_database_can_be_replaced(
    run: Run, path: Path, rows: SiteRows, tmp_path: Path, kept: int
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    path.write_bytes(path.read_bytes()[:kept] + b"\xff" * 9000)
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"left behind")
    assert "cannot be copied" in run(url(path), "backup", tmp_path / "b.db", code=1).output
    run(url(path), "restore", file)
    assert bodies(path) == ["Vorher."]
    assert not log.exists()


Spoil = Callable[[bytes], bytes]


def damaged(content: bytes) -> bytes:
    page = 4096
    return content[:page] + b"\xff" * (len(content) - page)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"PGDMP", "is no SQLite file"),
        (lambda content: content[:10_000], "cannot be copied"),
        (damaged, ""),
    ],
)
def test_a_spoilt_backup_changes_nothing(  # noqa: PLR0917 - parameters and fixtures
    run: Run, path: Path, rows: SiteRows, tmp_path: Path, spoil: Spoil, said: str
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    file.write_bytes(spoil(file.read_bytes()))
    assert said in run(url(path), "restore", file, code=1).output
    assert bodies(path) == ["Vorher."]
    assert [kept.name for kept in path.parent.iterdir()] == ["netiquette.db"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE alembic_version", "not a database of Netiquette"),
        ("DELETE FROM alembic_version", "not a database of Netiquette"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer Netiquette"),
        ("UPDATE revision SET comment_id = 'ab'", "damaged in 1 places"),
    ],
)
def test_what_a_database_must_hold(  # noqa: PLR0917 - parameters and fixtures
    run: Run, path: Path, rows: SiteRows, tmp_path: Path, statement: str, said: str
) -> None:
    file = tmp_path / "a.db"
    run(url(path), "backup", file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
    assert said in run(url(path), "restore", file, code=1).output.replace("\n", " ")


@pytest.mark.parametrize(("command", "program"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_for_postgres_it_says_what_to_run(
    run: Run, tmp_path: Path, command: str, program: str
) -> None:
    file = tmp_path / "a.dump"
    if command == "restore":
        file.write_bytes(b"PGDMP")
    url = "postgresql+psycopg://nobody:GEHEIM@127.0.0.1:1/nothing"
    said = run(url, command, file, code=1).output
    assert len(said.splitlines()) == 1
    assert f"`{program}`" in said
    assert 'docs/operations.md tells under "Backup and restore"' in said
    assert "GEHEIM" not in said
    assert file.exists() == (command == "restore")
