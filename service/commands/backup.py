"""`netiquette backup` and `netiquette restore`, for an SQLite database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from service.backup.files import BackupRefused
from service.commands.database import nothing_at
from service.embedded import folder
from service.embedded.console import StartRefused
from service.settings import settings

ToFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="File to make; it must not exist yet.")
]
FromFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="File that `netiquette backup` wrote.", exists=True)
]


def backup(file: ToFile) -> None:
    """Write the SQLite database to a file, while the service runs.

    Keep the file safe: it holds all texts and names.
    """
    from service.backup import sqlite  # noqa: PLC0415 - Alembic, for this command alone

    with _told():
        database = _database("pg_dump")
        if not database.exists():
            raise BackupRefused(nothing_at(database))
        sqlite.back_up(database, file)
    typer.echo(f"{file} holds the database, {file.stat().st_size:,} bytes; checked.")


def restore(file: FromFile) -> None:
    """Restore a backup. The service must be stopped; the old database is kept beside the new."""
    from service.backup import sqlite  # noqa: PLC0415 - Alembic, for this command alone

    with _told():
        database = _database("pg_restore")
        _expect(file, sqlite.MAGIC)
        with _no_embedded(database.parent):
            aside = sqlite.restore(database, file)
        if aside:
            typer.echo(f"The old database was kept as {aside}")
    typer.echo("Restored. Run `netiquette migrate` before the service (`netiquette up` does).")
    typer.echo("Members who were erased after the backup was made have to be erased again.")


@contextmanager
def _told() -> Iterator[None]:
    """Turn a refusal into one line on standard error and exit code 1."""
    try:
        yield
    except (BackupRefused, StartRefused) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _database(program: str) -> Path:
    """Return the database's file; raises BackupRefused for Postgres, and names `program` for it."""
    url = make_url(settings().database_url)
    if url.get_backend_name() != "sqlite":
        raise BackupRefused(
            f"This command is for SQLite: for Postgres run `{program}`, as docs/operations.md "
            'tells under "Backup and restore".'
        )
    return Path(url.database or "")


def _expect(file: Path, magic: bytes) -> None:
    with file.open("rb") as opened:
        if opened.read(len(magic)) != magic:
            raise BackupRefused(f"{file} is no SQLite file, but NETIQUETTE_DATABASE_URL needs one.")


@contextmanager
def _no_embedded(var: Path) -> Iterator[None]:
    """Keep `netiquette up` from running, by holding its lock.

    Its processes may be restarting just now, and then have the database open later.
    """
    with ExitStack() as stack:
        if (var / folder.LOCK).exists():
            stack.enter_context(folder.locked(var, "netiquette restore"))
        yield
