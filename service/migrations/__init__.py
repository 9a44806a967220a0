"""The history of the database's schema, from the first table on."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from service.db import Database


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to `revision`; does nothing when it is there already."""
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def require(revision: str) -> None:
    """Raise alembic's CommandError unless this version knows the revision."""
    ScriptDirectory.from_config(_config()).get_revision(revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    return config
