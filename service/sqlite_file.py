"""The file of an SQLite database: made on purpose only, and never another one than was opened.

SQLite opens a file once. Whoever removes or replaces it meanwhile leaves the open connections
with a file that no path leads to: they go on, and what they commit is lost with them
(https://www.sqlite.org/howtocorrupt.html, section 2.4). SQLite itself would also make a new,
empty database for the next connection. And whoever opens a copy that was put in the file's
place finds the file's log beside it, applies it to the copy, and takes it from the file.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError, OperationalError

IDENTITY = "netiquette_file"
"""Where a pooled connection keeps the device and inode of the file that it opened."""


class DatabaseLost(Exception):
    """A database was made here before, and is gone; the text says what to do."""


class _Connected(Protocol):
    """A connection or a pool's record of one."""

    info: dict[Any, Any]


def marker(file: Path) -> Path:
    """Return the file that says that a database was made here.

    Hidden, so that no `netiquette.db*` of a shell takes it away with the database.
    """
    return file.with_name(f".{file.name}.made")


def make(file: Path) -> None:
    """Make an empty file, for its owner only, unless there is one; else take it for the database.

    Raises DatabaseLost where a database was made before and is gone or empty: a new one
    would hide the loss. An unreadable folder is left to whoever opens the database.
    """
    if _is_empty(file):
        require_new(file)
    elif marker(file).exists():
        # Where nothing can be written, whoever opens the database says so.
        with suppress(OSError):
            mark(file)
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def require_new(file: Path) -> None:
    """Raise DatabaseLost where a database was made before; the caller has found none."""
    made = marker(file)
    if made.exists():
        raise DatabaseLost(
            f"The database {file} is gone or empty, and it was not empty once. "
            "`netiquette restore FILE` puts a backup back. To begin anew, with nothing, "
            f"remove {made} and start again."
        )


def mark(file: Path) -> None:
    """Remember that a database was made here, and which file it is."""
    made, inode = marker(file), file.stat().st_ino
    if _marked(file) != inode:
        made.touch(0o600)
        made.write_text(f"{inode}\n")


def is_another(file: Path) -> bool:
    """Tell whether the marker names another file than the one at the path."""
    found = _identity(file)
    return found is not None and _marked(file) not in {None, found[1]}


class Place:
    """The path of a database, and which file belongs there.

    That is the one that the last `migrate` or `restore` left there. Without a marker, or with
    one of a release that wrote nothing into it, it is the first one that was found.
    """

    def __init__(self, file: Path) -> None:
        """Look at nothing yet."""
        self.file = file
        self._belongs: tuple[int, int] | None = None

    def refuse_another(self, found: tuple[int, int] | None) -> None:
        """Raise sqlite3.OperationalError if the file that was found there does not belong there."""
        if found is None:
            return
        if self._belongs is None:
            if _marked(self.file) not in {None, found[1]}:
                raise _moved()
            self._belongs = found
        elif found != self._belongs:
            raise _moved()


def guard(engine: Engine, place: Place) -> None:
    """Have each connection opened on the file that belongs there, and used for that file only.

    A pooled connection whose file was removed or replaced is thrown away when it is asked
    for; one that is in the middle of a transaction then cannot commit.
    """
    file = place.file

    def open_existing(_dialect: Any, record: _Connected, args: list[Any], options: Any) -> None:
        found = record.info[IDENTITY] = _identity(file)
        if _is_empty(file) and marker(file).exists():
            # SQLite would take an empty file for a new database, and its log for an old one.
            raise _moved()
        place.refuse_another(found)
        # Else SQLite would make a new, empty database in the place of a lost one.
        args[0] = f"{Path(args[0]).absolute().as_uri()}?mode=rw"
        options["uri"] = True

    def is_in_place(connection: _Connected) -> bool:
        opened = connection.info.get(IDENTITY)
        return opened is not None and opened == _identity(file) and not _is_empty(file)

    def refuse_exchanged(_connection: Any, record: _Connected) -> None:
        if record.info[IDENTITY] != _identity(file):
            # While it was opened, so that nobody knows which one was.
            raise _moved()

    def refuse_moved(_connection: Any, record: _Connected, _proxy: Any) -> None:
        if not is_in_place(record):
            raise InvalidatePoolError("The database's file was moved or removed.")

    def refuse_commit(connection: _Connected) -> None:
        if not is_in_place(connection):
            raise OperationalError("COMMIT", None, _moved())

    event.listen(engine, "do_connect", open_existing)
    event.listen(engine, "connect", refuse_exchanged)
    event.listen(engine, "checkout", refuse_moved)
    event.listen(engine, "commit", refuse_commit)


def _is_empty(file: Path) -> bool:
    """Tell whether nothing is at the path, or nothing in the file."""
    try:
        return file.stat().st_size == 0
    except OSError:
        return True


def _marked(file: Path) -> int | None:
    """Return the inode that the marker names; None where it names none."""
    with suppress(OSError, ValueError):
        return int(marker(file).read_text())
    return None


def _identity(file: Path) -> tuple[int, int] | None:
    """Return the device and inode of the file at the path; None if there is none."""
    with suppress(OSError):
        found = file.stat()
        return found.st_dev, found.st_ino
    return None


def _moved() -> sqlite3.OperationalError:
    """Return the error by which SQLite says so where it notices itself."""
    error = sqlite3.OperationalError("the database's file was moved, removed or emptied")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY_DBMOVED
    return error
