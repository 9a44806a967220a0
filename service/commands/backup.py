"""`netiquette backup` and `netiquette restore`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from service.backup.files import BackupRefused
from service.embedded import folder
from service.embedded.console import StartRefused
from service.settings import settings

ToFile = Annotated[Path, typer.Argument(metavar="FILE", help="A new file; none is overwritten.")]
FromFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="What `netiquette backup` wrote.", exists=True)
]


def backup(file: ToFile) -> None:
    """Write the database to a file, while the service runs; it holds all texts and names."""
    from service.backup import postgres, sqlite  # noqa: PLC0415 - Alembic, for this command alone

    with _told():
        url = make_url(settings().database_url)
        if url.get_backend_name() == "sqlite":
            sqlite.back_up(_path(url), file)
        else:
            postgres.back_up(url, file)
    typer.echo(f"{file} holds the database, {file.stat().st_size:,} bytes; checked.")


def restore(file: FromFile) -> None:
    """Put a backup back; the service must be stopped, and the old data is kept."""
    from service.backup import postgres, sqlite  # noqa: PLC0415 - Alembic, for this command alone

    with _told():
        url = make_url(settings().database_url)
        if url.get_backend_name() == "sqlite":
            _expect(file, sqlite.MAGIC, "SQLite")
            with _no_embedded(_path(url).parent):
                aside = sqlite.restore(_path(url), file)
            if aside:
                typer.echo(f"The database as it was before is {aside}")
        else:
            _expect(file, postgres.MAGIC, "Postgres (pg_dump --format=custom)")
            postgres.restore(url, file)
    typer.echo("Restored. Run `netiquette migrate` before the service (`netiquette up` does).")
    typer.echo("Members who were erased after the backup was made have to be erased again.")


@contextmanager
def _told() -> Iterator[None]:
    """Tell in one line why it is refused, with exit code 1."""
    try:
        yield
    except (BackupRefused, StartRefused) as error:
        typer.echo(str(error), err=True)
    except SQLAlchemyError as error:
        typer.echo(f"The database cannot be reached: {type(error).__name__}", err=True)
    else:
        return
    raise typer.Exit(1)


def _path(url: URL) -> Path:
    return Path(url.database or "")


def _expect(file: Path, magic: bytes, kind: str) -> None:
    with file.open("rb") as opened:
        if opened.read(len(magic)) != magic:
            raise BackupRefused(f"{file} is no backup of {kind}, which NETIQUETTE_DATABASE_URL is.")


@contextmanager
def _no_embedded(var: Path) -> Iterator[None]:
    """Keep `netiquette up` from running: its processes come and go, and could be missed."""
    with ExitStack() as stack:
        if (var / folder.LOCK).exists():
            stack.enter_context(folder.locked(var, "netiquette restore"))
        yield
