"""Faults of the database that somebody has to mend: to send the request again does not help."""

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError

PRIMARY = 0xFF
"""The bits of an SQLite code that tell its kind (https://www.sqlite.org/rescode.html)."""


class Fault(Enum):
    """What is wrong, in words for the answer; nothing is stored in any of these cases."""

    READ_ONLY = (
        "The database is read-only; nothing was stored. Its operator has to make it writable, "
        "or name another one."
    )
    DAMAGED = (
        "The database is damaged; nothing was stored. Its operator has to stop the service and "
        "restore a backup."
    )
    GONE = (
        "The database's file is gone, or another one is in its place; nothing was stored. Its "
        "operator has to stop the service and put it back, or restore a backup and run "
        "`netiquette migrate`."
    )
    CANNOT_OPEN = (
        "The database's file cannot be opened; nothing was stored. Its operator has to look "
        "whether it is gone, may be read, and descriptors are left; a backup can be restored."
    )
    FULL = "The database's disk is full; nothing was stored. Its operator has to make room."
    DISK = (
        "The database's disk cannot be read or written; nothing was stored. Its operator has to "
        "look at the disk: it may be failing or full."
    )


SQLITE = {
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_READONLY_DBMOVED: Fault.GONE,
    sqlite3.SQLITE_CANTOPEN: Fault.CANNOT_OPEN,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.DISK,
}

POSTGRES = {
    "25006": Fault.READ_ONLY,
    "53100": Fault.FULL,
    "58030": Fault.DISK,
    "58P01": Fault.DAMAGED,
    "XX001": Fault.DAMAGED,
    "XX002": Fault.DAMAGED,
}
"""By SQLSTATE (appendix A of Postgres' manual); 58P01: a table's file is missing."""


def find_fault(error: DBAPIError) -> Fault | None:
    """Return the fault behind a database error; None where it may be over by itself."""
    if isinstance(error.orig, sqlite3.Error):
        # Errors of Python's module itself have no code.
        code: int = getattr(error.orig, "sqlite_errorcode", 0)
        return SQLITE.get(code) or SQLITE.get(code & PRIMARY)
    return POSTGRES.get(getattr(error.orig, "sqlstate", None) or "")
