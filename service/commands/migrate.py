"""`netiquette migrate`."""

import typer

from service.db import Database
from service.settings import settings


def migrate() -> None:
    """Bring the database's schema up to date. It does nothing if it is up to date."""
    from service import migrations  # noqa: PLC0415 - Alembic, for this command alone

    database = Database(settings().database_url)
    migrations.migrate(database)
    database.dispose()
    typer.echo("The database is up to date.")
