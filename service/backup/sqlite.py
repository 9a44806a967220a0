"""Backup and restore of an SQLite file.

By SQLite's online backup (https://www.sqlite.org/backup.html): one snapshot, while
others go on reading and writing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from alembic.util import CommandError

from service import clock, migrations
from service.backup.files import BackupRefused, draft_of, flush, new_file

MAGIC = b"SQLite format 3\0"


def back_up(database: Path, file: Path) -> None:
    """Write the database as it is at one moment to a new file, and check that file.

    Raises BackupRefused.
    """
    with new_file(file) as draft:
        _copy(database, draft)


def restore(database: Path, file: Path) -> Path | None:
    """Put a backup in the database's place; return where the old one is kept, if there was one.

    Raises BackupRefused while anybody has the database open, and for a file that is
    damaged, none of ours, or of a newer version.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with draft_of(database) as draft:
        _copy(file, draft)
        if not database.exists():
            draft.replace(database)
            return None
        aside = database.with_name(f"{database.name}.{clock.now():%Y%m%dT%H%M%SZ}")
        with _alone(database):
            # At no moment is there no database: the service would make a new, empty one.
            aside.hardlink_to(database)
            for log in ("-wal", "-shm"):
                # Only a damaged one still has them; they must not meet the new one.
                with suppress(FileNotFoundError):
                    database.with_name(database.name + log).rename(f"{aside}{log}")
            draft.replace(database)
            flush(database.parent)
        return aside


def _copy(source: Path, draft: Path) -> None:
    """Copy a database in one piece; raises BackupRefused when it or the copy is not whole."""
    try:
        with (
            # mode=rw: a name mistyped must not become an empty database.
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(draft)) as copy,
        ):
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            # What was erased may linger in the gaps of pages (invariant 11).
            copy.execute("VACUUM")
            _check(copy, source)
    except sqlite3.Error as error:
        raise BackupRefused(f"{source} cannot be copied: {error}.") from error
    flush(draft)


def _check(copy: sqlite3.Connection, source: Path) -> None:
    # The messages may quote a row: they are counted, not told (invariant 8).
    faults = [row for row in copy.execute("PRAGMA integrity_check") if row != ("ok",)]
    faults += copy.execute("PRAGMA foreign_key_check").fetchall()
    if faults:
        raise BackupRefused(f"{source} is damaged in {len(faults)} places.")
    try:
        (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.OperationalError, TypeError):
        raise BackupRefused(f"{source} is not a database of Netiquette.") from None
    try:
        migrations.require(revision)
    except CommandError:
        raise BackupRefused(
            f"{source} was written by a newer Netiquette: it is of revision {revision}."
        ) from None


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the database alone, with its write-ahead log emptied into it."""
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        try:
            # Leaving WAL fails while anybody else is connected, busy or not.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BackupRefused(
                f"{database} is in use ({error}). Stop the service and its workers first."
            ) from error
        except sqlite3.DatabaseError:
            # Damaged, so that nobody can work on it: this is what backups are for.
            pass
        yield
