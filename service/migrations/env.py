"""Alembic's environment: runs migrations on the connection it is given."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection
from sqlmodel import AutoString, SQLModel

from service import sqlite_file, tables
from service.db import Database


def plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as plain ones: a migration must outlive the code it came from."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length})"
    if kind == "type" and isinstance(item, tables.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def run(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    database = Database(url)
    if database.file:
        sqlite_file.make(database.file)
    with database.engine.connect() as opened:
        run(opened)
        opened.commit()
