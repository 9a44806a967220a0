"""What a database intends to do for a statement, and whether that grows with the history."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text
from sqlmodel import SQLModel

from service.db import Database

SMALL = (
    "site",
    "site_key",
    "policy",
    "moderator",
    "scorer",
    "retention",
    "erasure",
    "endpoint",
    "analysis",
)
GROWING = tuple(name for name in SQLModel.metadata.tables if name not in SMALL)

BACKLOG = {
    "ix_comment_pending",
    "ix_comment_long_pending",
    "ix_comment_spent",
    "ix_comment_lease",
    "ix_comment_claimed",
    "ix_comment_flagged",
    "ix_comment_risk",
    "uq_report_open",
    "ix_event_due",
}
"""Indexes of what waits for somebody: as large as the backlog, whatever was before."""

RANGES = {"site_id", "thread_id", "sequence", "created_at"}
"""Columns by which one finds a lot; with one of the others, a few rows."""


@dataclass(frozen=True)
class Scan:
    """How one table is read: by which index, and by which of its columns."""

    table: str
    index: str | None
    columns: frozenset[str]

    @property
    def grows(self) -> bool:
        """Whether it reads all that a table or a site has."""
        return self.index not in BACKLOG and self.columns <= {"site_id"}

    @property
    def is_large(self) -> bool:
        """Whether it may give too many rows to be sorted."""
        return self.index not in BACKLOG and self.columns <= RANGES


@dataclass(frozen=True)
class Plan:
    """What a statement does."""

    statement: str
    lines: str
    scans: tuple[Scan, ...]
    sorts: bool

    @property
    def fault(self) -> str | None:
        """What grows with the history."""
        for scan in self.scans:
            if scan.grows or (self.sorts and scan.is_large):
                return f"{scan}\n{self.statement}\n{self.lines}"
        return None


@contextmanager
def watched(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Give a list that fills with the statements that the database is asked."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not more[-1]:
            asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def plans(database: Database, act: Callable[[], object]) -> list[Plan]:
    """Do something, and return how the database goes about each statement of it."""
    with watched(database) as asked:
        act()
    explain = _explain_sqlite if database.is_sqlite else _explain_postgres
    with database.engine.connect() as connection:
        return [explain(connection, statement, parameters) for statement, parameters in asked]


def _explain_sqlite(connection: Any, statement: str, parameters: Any) -> Plan:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    lines = [row[3] for row in rows]
    pattern = re.compile(
        r"(?:SCAN|SEARCH) (?P<name>\w+)"
        r"(?: USING (?:COVERING )?INDEX (?P<index>\w+))?(?: \((?P<condition>.*)\))?"
    )
    found = [match for line in lines if (match := pattern.match(line))]
    scans = (_scan(_table(match["name"]), match["index"], match["condition"]) for match in found)
    sorts = any("TEMP B-TREE FOR ORDER BY" in line for line in lines)
    return Plan(statement, "\n".join(lines), tuple(filter(None, scans)), sorts)


def _table(name: str) -> str:
    """Return the table of an alias that SQLAlchemy made."""
    return re.sub(r"_\d+$", "", name)


def _explain_postgres(connection: Any, statement: str, parameters: Any) -> Plan:
    # Small tables are read whole, unless that is forbidden.
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    answer = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar()
    nodes = list(_nodes(answer[0]["Plan"]))
    scans = (
        _scan(_table_of(node), node.get("Index Name"), node.get("Index Cond"))
        for node in nodes
        if node["Node Type"].endswith("Scan") and node["Node Type"] != "Bitmap Heap Scan"
    )
    sorts = any(node["Node Type"] == "Sort" for node in nodes)
    return Plan(statement, json.dumps(answer, indent=1), tuple(filter(None, scans)), sorts)


def _table_of(node: dict[str, Any]) -> str:
    if "Relation Name" in node:
        return str(node["Relation Name"])
    index = node.get("Index Name", "")
    return next(
        (
            table.name
            for table in SQLModel.metadata.tables.values()
            if index in {one.name for one in table.indexes}
            or index in {one.name for one in table.constraints}
        ),
        "",
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _scan(table: str, index: str | None, condition: str | None) -> Scan | None:
    if table not in GROWING:
        return None
    words = set(re.findall(r"\w+", condition or ""))
    columns = words & set(SQLModel.metadata.tables[table].columns.keys())
    return Scan(table, index, frozenset(columns))
