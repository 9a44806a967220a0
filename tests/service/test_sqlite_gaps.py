"""What SQLite leaves in its pages is blanked, nothing else is touched, and others write on."""

import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import sqlite_file, sqlite_gaps
from service.db import Database
from service.sqlite_gaps import blank_gaps, blank_in_process, gap

MARKER = "Zwetschgenmus"


def connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, timeout=0)
    for pragma in ("journal_mode=WAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def fill(connection: sqlite3.Connection, seed: int, rows: int = 300) -> None:
    """Fill a table and its index in an order that splits pages; each third row has the marker."""
    connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT UNIQUE)")
    dice = random.Random(seed)  # noqa: S311 - the same pages in every run
    connection.execute("BEGIN")
    for number in range(rows):
        body = f"{'Apfelmus' if number % 3 else MARKER}-{dice.getrandbits(128):032x}"
        connection.execute("INSERT INTO note (body) VALUES (?)", (body,))
    connection.execute("COMMIT")


def erase(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE note SET body = NULL WHERE body NOT LIKE 'Apfel%'")


def content(connection: sqlite3.Connection) -> list[tuple[int, str | None]]:
    return connection.execute("SELECT id, body FROM note ORDER BY id").fetchall()


def has_marker(file: Path) -> bool:
    return any(MARKER.encode() in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(seed=st.integers(0, 1_000), rows=st.integers(1, 600))
def test_the_gaps_are_blank_and_all_rows_are_as_they_were(seed: int, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "notes.db"
        with closing(connect(file)) as connection:
            fill(connection, seed, rows)
            erase(connection)
            before = content(connection)
            assert blank_in_process(file)
            assert not has_marker(file)
            assert content(connection) == before
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_no_connection_brings_back_what_it_has_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    with closing(connect(file)) as writer, closing(connect(file)) as other:
        fill(writer, 3)
        erase(writer)
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert has_marker(file)
        content(other)
        assert blank_in_process(file)
        # Writes to every page that both hold in memory.
        other.execute("UPDATE note SET body = 'B' || body WHERE id % 2")
        writer.execute("UPDATE note SET body = 'C' || body WHERE id % 5 = 0")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert not has_marker(file)
        assert writer.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_others_write_between_two_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "notes.db"
    with closing(connect(file)) as other:
        fill(other, 4, rows=1_000)
        erase(other)
        (pages,) = other.execute("PRAGMA page_count").fetchone()
        writes: list[float] = []

        def write(seconds: float) -> None:
            """Write without waiting for any lock."""
            other.execute("INSERT INTO note (body) VALUES (?)", (f"Apfelmus {len(writes)}",))
            writes.append(seconds)

        monkeypatch.setattr(sqlite_gaps, "SLICE", 5)
        monkeypatch.setattr(time, "sleep", write)
        assert blank_gaps(file)
        assert len(writes) == -(-(pages - 1) // 5)
        assert not has_marker(file)
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_reader_of_old_pages_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    with closing(connect(file)) as writer, closing(connect(file)) as reader:
        fill(writer, 0)
        reader.execute("BEGIN")
        content(reader)
        erase(writer)
        assert not blank_in_process(file)
        reader.execute("COMMIT")
        assert blank_in_process(file)


@pytest.mark.parametrize("pragma", ["auto_vacuum=FULL", "journal_mode=DELETE"])
def test_what_is_laid_out_otherwise_is_left_alone(tmp_path: Path, pragma: str) -> None:
    file = tmp_path / "notes.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE note (body TEXT)")
        connection.commit()
    before = file.read_bytes()
    assert not blank_gaps(file)
    assert file.read_bytes() == before


def test_without_a_file_there_is_none_to_make(tmp_path: Path) -> None:
    assert not blank_in_process(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@given(st.binary(min_size=512, max_size=512))
def test_a_gap_lies_within_its_page_behind_the_header(page: bytes) -> None:
    for begin, length in gap(page):
        assert page[0] in {2, 5, 10, 13}
        assert 8 <= begin < begin + length <= len(page)


def test_another_file_at_the_path_is_left_alone(tmp_path: Path) -> None:
    file, copy = tmp_path / "a.db", tmp_path / "copy.db"
    with closing(connect(file)) as connection:
        fill(connection, 1)
        erase(connection)
    sqlite_file.mark(file)
    shutil.copy(file, copy)
    database = Database(f"sqlite:///{file}")
    copy.replace(file)
    before = file.read_bytes()
    assert not database.scrub()
    assert file.read_bytes() == before
    sqlite_file.mark(file)
    assert database.scrub()
    assert file.read_bytes() != before
