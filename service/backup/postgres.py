"""Backup and restore of a Postgres database, by Postgres' own programs.

Their version must be the server's or newer; what they say goes to the console.
"""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect

from service.backup.files import BackupRefused, flush, new_file

MAGIC = b"PGDMP"


def back_up(url: URL, file: Path) -> None:
    """Dump the database as it is at one moment to a new file, and read that file once.

    Raises BackupRefused.
    """
    with new_file(file) as draft:
        _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}")
        # The whole file is read and unpacked: a listing would read its beginning only.
        _run(None, "pg_restore", f"--file={os.devnull}", str(draft))
        flush(draft)


def restore(url: URL, file: Path) -> None:
    """Put a backup into an empty database, all of it or nothing.

    Raises BackupRefused when the database has tables: so nothing is ever lost, and
    nothing can be running on it.
    """
    engine = create_engine(url)
    try:
        tables = len(inspect(engine).get_table_names())
    finally:
        engine.dispose()
    if tables:
        raise BackupRefused(
            f"The database {url.database} has {tables} tables, and stays as it is. Create an "
            "empty one (`createdb`), restore into that, and let NETIQUETTE_DATABASE_URL name it."
        )
    _run(url, "pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(file))


def _run(url: URL | None, program: str, *arguments: str) -> None:
    """Run one of Postgres' programs; the password goes where `ps` does not show it."""
    environment = dict(os.environ)
    if url is not None:
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
        place = url.set(drivername="postgresql", password=None).render_as_string()
        arguments = (f"--dbname={place}", *arguments)
    found = shutil.which(program)
    if found is None:
        raise BackupRefused(
            f"{program} is not on the PATH. Install the client programs of your server's version, "
            f"or run it where they are:\n  {' '.join((program, *arguments))}"
        )
    done = subprocess.run([found, *arguments], env=environment, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise BackupRefused(f"{program} failed; what it said is above.")
