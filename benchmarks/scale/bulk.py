"""Rows by the hundred thousand, straight into a table: what the ORM would take hours for."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlmodel import SQLModel

from service.db import Database

Rows = dict[type[SQLModel], list[dict[str, Any]]]
"""Rows by table, in an order that foreign keys allow; what a row leaves out is NULL."""


def write(database: Database, rows: Rows) -> None:
    """Write the rows in one transaction."""
    with closing(database.engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        cursor = driver.cursor()
        cursor.execute("BEGIN")
        for model, some in rows.items():
            if some:
                _write(cursor, model, some, database)
        cursor.execute("COMMIT")


def analyze(database: Database) -> None:
    """Let Postgres look at what it holds, as its own upkeep would; SQLite plans without."""
    if not database.is_sqlite:
        with closing(database.engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.autocommit = True
            # What is frozen and all visible is not what the first readers find out.
            driver.execute("VACUUM ANALYZE")
            driver.autocommit = False


def _write(
    cursor: Any, model: type[SQLModel], rows: Sequence[dict[str, Any]], database: Database
) -> None:
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel tells no type of it
    columns = [column for column in table.columns if column.name in rows[0]]
    names = ", ".join(f'"{column.name}"' for column in columns)
    dialect = database.engine.dialect
    convert = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    values = _values(rows, [column.name for column in columns], convert)
    if isinstance(cursor, sqlite3.Cursor):
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)  # noqa: S608 - names of our own tables
        return
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in values:
            copy.write_row(row)


def _values(
    rows: Iterable[dict[str, Any]],
    names: Sequence[str],
    convert: Sequence[Callable[[Any], Any] | None],
) -> Iterator[tuple[Any, ...]]:
    pairs = list(zip(names, convert, strict=True))
    for row in rows:
        yield tuple(
            change(row[name]) if change and row[name] is not None else row[name]
            for name, change in pairs
        )
