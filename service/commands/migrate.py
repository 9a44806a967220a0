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

    config = settings()
    database = Database(config.database_url)
    try:
        if config.is_embedded:
            config.var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        migrations.migrate(database)
    except DatabaseLost as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{error.filename} cannot be made: {error.strerror}.", err=True)
        raise typer.Exit(1) from None
    except DatabaseError as error:
        tell_unusable(error)
        raise typer.Exit(1) from None
    finally:
        database.dispose()
    typer.echo("The database is up to date.")
