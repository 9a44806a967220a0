"""Prepare the database file of the embedded default."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError
from sqlmodel import col

from service import clock, folders, migrations
from service.db import Database
from service.embedded import demo
from service.embedded.console import StartRefused
from service.sqlite_file import DatabaseLost
from service.tables import Comment, Scorer


def url(var: Path) -> str:
    """Return the SQLAlchemy URL of the database in the folder."""
    return folders.sqlite_url(var)


def prepare(var: Path, base_url: str) -> bool:
    """Migrate the database and make the demo site; tell whether the demo site was made now.

    Raises StartRefused when the file is damaged, full, of a newer version, or gone after
    it was made once.
    """
    database = Database(url(var))
    file = var / folders.DATABASE
    try:
        migrations.migrate(database)
        _forget_workers(database)
        return demo.ensure(database, var / demo.FILE, base_url)
    except DatabaseLost as error:
        raise StartRefused(str(error)) from error
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


def _forget_workers(database: Database) -> None:
    """End the leases of workers of an earlier run, and forget that these workers were ready.

    The folder's lock proves that they have ended. So nothing waits until their leases run
    out, and the service is ready only when a worker of this run is.
    """
    with database.write() as session:
        session.execute(delete(Scorer))
        session.execute(
            update(Comment).where(col(Comment.lease).is_not(None)).values(leased_until=clock.now())
        )
