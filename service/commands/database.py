"""The database of a command: sessions, and what is told where it cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service.db import Database
from service.errors import NetiquetteError
from service.settings import settings


@contextmanager
def reading() -> Iterator[Session]:
    """Give a session that changes nothing; errors are told as in `writing`."""
    with _opened() as database, database.read() as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Give a session that commits at the end.

    A known error, or a database that cannot be used, becomes a line on standard error and exit
    code 1. No database is made: that is for `netiquette up` and `netiquette migrate`.
    """
    with _opened() as database, database.write() as session:
        yield session


def tell_unusable(error: SQLAlchemyError) -> None:
    """Print on standard error why the database cannot be used, and what to do."""
    typer.echo(unusable(Database(settings().database_url).file, error), err=True)


def unusable(file: Path | None, error: SQLAlchemyError) -> str:
    """Return why a database cannot be used, and what to do; `file` is SQLite's."""
    if file and not file.exists():
        return nothing_at(file)
    reason = " ".join(str(getattr(error, "orig", error)).split())
    return (
        f"The database cannot be used: {reason}. "
        "If it is new or of an older version, run `netiquette migrate` first."
    )


def nothing_at(file: Path) -> str:
    """Return what to do where an SQLite database is missing."""
    return (
        f"There is no database at {file}. If yours is elsewhere, set NETIQUETTE_VAR_DIR to its "
        "folder, or NETIQUETTE_DATABASE_URL to its URL. If there is none yet, `netiquette up` "
        "makes one and starts everything, and `netiquette migrate` makes one."
    )


@contextmanager
def _opened() -> Iterator[Database]:
    database = Database(settings().database_url)
    try:
        yield database
    except NetiquetteError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(1) from None
    except SQLAlchemyError as error:
        tell_unusable(error)
        raise typer.Exit(1) from None
    finally:
        database.dispose()
