"""The database: its engine, units of work, and callbacks after a commit.

SQLite and Postgres run the same code. Only a unit of work commits; use cases flush.
Callbacks for after the commit (nudges) are dropped on rollback, so that nothing is
announced before it is stored (invariant 4).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlmodel import Session

from service import sqlite_file, sqlite_gaps

AFTER_COMMIT = "after_commit"
BUSY_MS = 30_000
"""How long SQLite waits for a lock, in milliseconds."""


class Database:
    """A connection pool, which gives short units of work for reading and for writing."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        """Connect to nothing yet; `url` is an SQLAlchemy URL (sqlite or postgresql+psycopg)."""
        self._place = _place(make_url(url))
        self.engine = _engine(url, pool_size, self._place)
        self._writer = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        # SQLite waits for a lock by sleeps that double, so an unlucky thread can wait for
        # seconds. A lock lets the writers of this process take turns instead.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite, which allows one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for Postgres and for one in memory."""
        return self._place.file if self._place else None

    @cached_property
    def _unpooled(self) -> Engine:
        return _sqlite_engine(self.engine.url, self._place, poolclass=NullPool)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session for reading; changes in it are rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that commits at the end, then runs the after-commit callbacks."""
        with self._turn, Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()
            callbacks: list[Callable[[], None]] = session.info.pop(AFTER_COMMIT, [])
        for callback in callbacks:
            callback()

    def probe(self) -> None:
        """Raise DBAPIError where SQLite's file is gone or damaged; on Postgres there is none.

        Opens the file anew, since pooled connections know its pages from before, and reads
        the newest row of each table, beside which the next one will be written. Does not
        read the whole file: it finds no damage elsewhere.
        """
        if not self.is_sqlite:
            return
        with self._unpooled.connect() as connection:
            tables = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'"))
            for (table,) in tables.all():
                newest = f'SELECT 1 FROM "{table}" ORDER BY rowid DESC LIMIT 1'  # noqa: S608 - our own names
                connection.execute(text(newest))

    def scrub(self) -> bool:
        """Remove all overwritten and deleted data from SQLite's files; tell whether it worked.

        secure_delete alone does not: where b-tree pages were split, copies stay behind
        in their gaps. Blanks these, in short slices between which others write, and empties
        the write-ahead log. False while a reader of old pages, a lack of space or damage is
        in the way: try again later. On Postgres there is nothing to do here: what is dead
        goes with its vacuum.
        """
        if self.file is None:
            return True
        # Another file at this path must not be opened beside the log of ours.
        return not sqlite_file.is_another(self.file) and sqlite_gaps.blank_in_process(self.file)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run `callback` once the unit of work has committed; never on rollback.

    The callback must not raise and must not block: the commit has happened.
    """
    session.info.setdefault(AFTER_COMMIT, []).append(callback)


def _engine(url: str, pool_size: int, place: sqlite_file.Place | None) -> Engine:
    # hide_parameters: an error's message would carry texts into logs (invariant 8).
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url, place, pool_size=pool_size, max_overflow=pool_size)
    # A client that vanished in mid-transaction must not hold rows for hours.
    options = (
        "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=30s "
        "-c idle_in_transaction_session_timeout=30s"
    )
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "options": options,
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    )


def _sqlite_engine(url: str | URL, place: sqlite_file.Place | None, **pool: Any) -> Engine:
    # isolation_level=None: the driver must not open transactions by itself,
    # or BEGIN IMMEDIATE below would come too late.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": 30, "check_same_thread": False},
        **pool,
    )
    if place:
        sqlite_file.guard(engine, place)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _place(url: URL) -> sqlite_file.Place | None:
    """Return where an SQLite file is; None for others, one in memory, or by a `file:` URI."""
    name = url.database
    if url.get_backend_name() != "sqlite":
        return None
    if not name or name == ":memory:" or name.startswith("file:"):
        return None
    return sqlite_file.Place(Path(name))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # synchronous=FULL: a 202 must survive a power cut (invariant 1).
    # secure_delete: erased text must not remain in free pages (invariant 11).
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A deferred transaction that reads first and writes later can fail with SQLITE_BUSY
    # at once, whatever the timeout. So writers take the lock at the beginning.
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
