"""The history of the database's schema, from the first table on."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from service import sqlite_file
from service.db import Database


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to `revision`; does nothing when it is there already.

    Makes the file of an SQLite database, the first time only: later it raises
    `DatabaseLost` where there is none.
    """
    if database.file:
        sqlite_file.make(database.file)
    config = _config()
    with database.engine.connect() as connection:
        if database.file and not inspect(connection).has_table("alembic_version"):
            sqlite_file.require_new(database.file)
        connection.rollback()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    if database.file:
        sqlite_file.mark(database.file)


def revision(database: Database) -> str | None:
    """Return the schema's revision, None where there are no tables; raises SQLAlchemyError."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the newest revision that this version knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise LookupError("no migrations")
    return newest


def require(revision: str) -> None:
    """Raise alembic's CommandError unless this version knows the revision."""
    ScriptDirectory.from_config(_config()).get_revision(revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    return config
