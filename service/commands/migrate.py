"""`netiquette migrate`."""

import typer
from sqlalchemy.exc import DatabaseError

from service.commands.database import tell_unusable
from service.db import Database
from service.settings import settings
from service.sqlite_file import DatabaseLost


def migrate() -> None:
    """Bring the database's schema up to date. It does nothing if it is up to date."""
    from service import migrations  # noqa: PLC0415 - Alembic, for this command alone

    database = Database(settings().database_url)
    try:
        migrations.migrate(database)
    except DatabaseLost as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except DatabaseError as error:
        tell_unusable(error)
        raise typer.Exit(1) from None
    finally:
        database.dispose()
    typer.echo("The database is up to date.")
