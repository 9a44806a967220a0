import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from service import clock, sqlite_file
from service.backup import sqlite
from service.db import Database
from service.embedded import database as embedded
from service.embedded.console import StartRefused
from service.folders import DATABASE
from service.ids import new_id
from service.tables import Comment, Member, Scorer, Site, Thread

URL = "http://127.0.0.1:8000"


def test_a_new_one_is_made_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        assert embedded.prepare(tmp_path, URL)
    finally:
        os.umask(before)
    assert (tmp_path / DATABASE).stat().st_mode & 0o777 == 0o600
    assert not embedded.prepare(tmp_path, URL)


def test_a_damaged_one_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / DATABASE
    file.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StartRefused, match=r"cannot be used: .*not a database"):
        embedded.prepare(tmp_path, URL)
    assert file.read_bytes() == b"no database at all" * 1000


def lose(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def cut(file: Path) -> None:
    lose(file)
    file.touch()


def without_tables(file: Path) -> None:
    lose(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


@pytest.mark.parametrize("damage", [lose, cut, without_tables])
def test_a_lost_one_is_not_replaced_by_an_empty_one(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    embedded.prepare(tmp_path, URL)
    file = tmp_path / DATABASE
    damage(file)
    before = file.read_bytes() if file.exists() else None
    for _ in range(2):
        with pytest.raises(StartRefused, match=r"gone or empty.*netiquette restore FILE") as told:
            embedded.prepare(tmp_path, URL)
    assert (file.read_bytes() if file.exists() else None) == before
    made = sqlite_file.marker(file)
    assert f"remove {made} and start again" in str(told.value)
    made.unlink()
    assert embedded.prepare(tmp_path, URL), "a new demo site, on purpose"
    assert made.exists()


def test_one_from_before_there_was_a_marker_is_marked(tmp_path: Path) -> None:
    embedded.prepare(tmp_path, URL)
    made = sqlite_file.marker(tmp_path / DATABASE)
    made.unlink()
    assert not embedded.prepare(tmp_path, URL)
    assert made.exists()


def test_a_backup_can_be_put_in_the_place_of_a_lost_one(tmp_path: Path) -> None:
    embedded.prepare(tmp_path, URL)
    file, backup = tmp_path / DATABASE, tmp_path / "backup.db"
    sqlite.back_up(file, backup)
    lose(file)
    sqlite.restore(file, backup)
    assert not embedded.prepare(tmp_path, URL)


def test_one_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    embedded.prepare(tmp_path, URL)
    database = Database(embedded.url(tmp_path))
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    with pytest.raises(StartRefused, match="written by a newer Netiquette"):
        embedded.prepare(tmp_path, URL)


def test_the_workers_of_an_earlier_run_are_forgotten(tmp_path: Path) -> None:
    embedded.prepare(tmp_path, URL)
    database = Database(embedded.url(tmp_path))
    later = clock.now() + timedelta(seconds=75)
    with database.write() as session:
        site = session.exec(select(Site)).one()
        thread = Thread(site_id=site.id, key="t")
        member = Member(site_id=site.id, key="m")
        session.add_all([thread, member])
        session.flush()
        session.add(
            Comment(
                site_id=site.id,
                thread_id=thread.id,
                member_id=member.id,
                lease=new_id(),
                leased_until=later,
                attempts=1,
            )
        )
        session.add(Scorer(id="host:1", model="0" * 64, started_at=later, seen_at=later))
    embedded.prepare(tmp_path, URL)
    with database.read() as session:
        comment = session.exec(select(Comment)).one()
        assert comment.leased_until
        assert comment.leased_until <= clock.now()
        assert comment.attempts == 1
        assert session.exec(select(Scorer)).all() == []
    database.dispose()
