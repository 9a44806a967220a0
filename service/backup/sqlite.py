"""Back up and restore an SQLite file.

SQLite's online backup (https://www.sqlite.org/backup.html) copies one snapshot, while
other processes go on reading and writing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from alembic.util import CommandError

from service import clock, migrations, sqlite_file
from service.backup.files import BackupRefused, draft_of, flush, new_file

MAGIC = b"SQLite format 3\0"


def back_up(database: Path, file: Path) -> None:
    """Write a snapshot of the database to a new file, and check that file.

    Raises BackupRefused where that is impossible, or the database is damaged.
    """
    if sqlite_file.is_another(database):
        # To read it would apply the right one's log to it, and take that from the right one.
        raise BackupRefused(
            f"{database} is another file than the one that was made there. Put that one back; "
            "or run `netiquette migrate` if this one is to be the database."
        )
    with new_file(file) as draft:
        _copy(database, draft)


def restore(database: Path, file: Path) -> Path | None:
    """Replace the database by a backup; return where the old database is kept, if there was one.

    Raises BackupRefused while any process has the database open, and for a file that is
    damaged, no database of Netiquette, or of a newer version.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with draft_of(database) as draft:
        _copy(file, draft)
        if not database.exists():
            draft.replace(database)
            sqlite_file.mark(database)
            return None
        aside = database.with_name(f"{database.name}.{clock.now():%Y%m%dT%H%M%SZ}")
        with _alone(database):
            # A hard link first, so that the database never goes missing: the service would
            # make a new, empty one.
            aside.hardlink_to(database)
            for log in ("-wal", "-shm"):
                # Only a damaged database still has them. SQLite must not apply them to the backup.
                with suppress(FileNotFoundError):
                    database.with_name(database.name + log).rename(f"{aside}{log}")
            draft.replace(database)
            sqlite_file.mark(database)
            flush(database.parent)
        return aside


def _copy(source: Path, draft: Path) -> None:
    """Copy a database and check the copy; raises BackupRefused where either fails."""
    try:
        with (
            # mode=rw: a mistyped name must not create an empty database.
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(draft)) as copy,
        ):
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            # Erased texts may remain in the gaps of pages (invariant 11).
            copy.execute("VACUUM")
            _check(copy, source)
    except sqlite3.Error as error:
        raise BackupRefused(f"{source} cannot be copied: {error}.") from error
    flush(draft)


def _check(copy: sqlite3.Connection, source: Path) -> None:
    # SQLite's messages may quote a row, so they are only counted (invariant 8).
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
    """Lock the database for this process alone, with its write-ahead log moved into it.

    Raises BackupRefused while another process has it open.
    """
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        try:
            # Leaving WAL mode fails while another process is connected, even an idle one.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BackupRefused(
                f"{database} is in use ({error}). Stop the service and its workers first."
            ) from error
        except sqlite3.DatabaseError:
            # The database is damaged, so no process can use it. It may be replaced.
            pass
        yield
