"""Backup and restore of a Postgres database, by the programs of the same server."""

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlmodel import select

from service.db import Database
from service.tables import Comment, Revision
from service.testing.rows import SiteRows, add_comments, add_site
from tests.service.backup.kinds import Run, Writing


def is_postgres(database: Database) -> bool:
    return not database.is_sqlite


@pytest.fixture
def rows(database: Database) -> SiteRows:
    rows = add_site(database)
    add_comments(database, rows, "Vorher.")
    return rows


@pytest.fixture
def empty_url(empty: Database) -> str:
    return empty.engine.url.render_as_string(hide_password=False)


pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
into_postgres = pytest.mark.parametrize("empty", ["postgres"], indirect=True)


@into_postgres
def test_a_round_trip_under_writes(  # noqa: PLR0917 - parameters and fixtures
    run: Run,
    database: Database,
    database_url: str,
    rows: SiteRows,
    writing: Writing,
    empty_url: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "backup.dump"
    with writing(database, rows) as told:
        before = list(told)
        run(database_url, "backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [kept.name for kept in tmp_path.iterdir()] == ["backup.dump"]

    run(empty_url, "restore", file)
    run(empty_url, "migrate")
    restored = Database(empty_url)
    with restored.read() as session:
        comments = set(session.exec(select(Comment.id)))
        revisions = set(session.exec(select(Revision.comment_id)))
    assert comments == revisions
    assert set(before) <= comments
    add_comments(restored, rows, "Nachher.")
    restored.dispose()


def test_a_database_with_tables_stays(
    run: Run, database: Database, database_url: str, rows: SiteRows, tmp_path: Path
) -> None:
    file = tmp_path / "backup.dump"
    run(database_url, "backup", file)
    add_comments(database, rows, "Nachher.")
    assert "tables, and stays as it is" in run(database_url, "restore", file, code=1).output
    with database.read() as session:
        assert list(session.exec(select(Revision.body))) == ["Vorher.", "Nachher."]


@into_postgres
def test_half_a_backup_restores_nothing(
    run: Run, database_url: str, rows: SiteRows, empty_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup.dump"
    run(database_url, "backup", file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) - 2000])
    assert "pg_restore failed" in run(empty_url, "restore", file, code=1).output
    run(empty_url, "migrate")


def test_programs_of_an_older_version_than_the_server_s(
    run: Run,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    newest = Path(shutil.which("pg_dump") or "").parent
    oldest = min(newest.parents[1].glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{oldest}:{os.environ['PATH']}")
    assert "pg_dump failed" in run(database_url, "backup", tmp_path / "a.dump", code=1).output
    assert "server version mismatch" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_the_programs_it_says_what_to_run(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url = make_url(database_url).set(password="GEHEIM").render_as_string(hide_password=False)
    said = run(url, "backup", tmp_path / "a.dump", code=1).output
    assert "pg_dump --dbname=postgresql://" in said
    assert "GEHEIM" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away(run: Run, tmp_path: Path, database_url: str) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    assert "pg_dump failed" in run(away, "backup", tmp_path / "a.dump", code=1).output
    (tmp_path / "a.dump").write_bytes(b"PGDMP")
    assert "cannot be reached" in run(away, "restore", tmp_path / "a.dump", code=1).output
    assert os.listdir(tmp_path) == ["a.dump"]  # noqa: PTH208 - names
