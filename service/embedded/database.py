"""The database file of the embedded default, brought up to date."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from service import migrations
from service.db import Database
from service.embedded import demo, folder
from service.embedded.messages import StartRefused


def url(var: Path) -> str:
    """Return the SQLAlchemy URL of the database in the folder."""
    return f"sqlite:///{var / folder.DATABASE}"


def prepare(var: Path, base_url: str) -> bool:
    """Migrate the database and see to the demo site; tell whether that was made now.

    Raises StartRefused when the file is damaged, full, or of a newer version.
    """
    database = Database(url(var))
    file = var / folder.DATABASE
    try:
        migrations.migrate(database)
        return demo.ensure(database, var / demo.FILE, base_url)
    except CommandError as error:
        raise StartRefused(
            f"{file} was written by a newer Netiquette ({error}). Start that version, or set "
            "another folder with NETIQUETTE_VAR_DIR."
        ) from error
    except DatabaseError as error:
        raise StartRefused(
            f"{file} cannot be used: {error.orig}. Nothing was changed. Make room if the disk is "
            "full; put a copy back or move the file away if it is damaged."
        ) from error
    finally:
        database.dispose()
