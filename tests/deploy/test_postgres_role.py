"""The role that deploy/postgres-role makes, and what it may not do."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import select

from service.db import Database
from service.migrations import migrate
from service.tables import Revision
from service.testing.rows import add_comments, add_site
from tests.deploy.role import ROLE, make_role, programs
from tests.deploy.test_operations import section
from tests.support.postgres import new_postgres_database

FORBIDDEN = {
    "run a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "read a file": "SELECT pg_read_file('PG_VERSION')",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "make a role": "CREATE ROLE another",
    "make itself a superuser": f"ALTER ROLE {ROLE} SUPERUSER",
    "change the server": "ALTER SYSTEM SET fsync = off",
}

IN_CONTAINER = "docker compose exec -T postgres "
COMMANDS = [
    line.strip().replace(IN_CONTAINER, "")
    for line in section("Backup and restore").splitlines()
    if line.startswith("    ") and IN_CONTAINER in line
]


@pytest.fixture(scope="module")
def superuser(postgres_url: str) -> Iterator[Database]:
    """Give the superuser's connection to an empty database."""
    with new_postgres_database(postgres_url) as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture(scope="module")
def role(
    postgres_url: str, superuser: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Give the role's own connection to that database, which it has migrated."""
    url = superuser.engine.url.render_as_string(hide_password=False)
    database = Database(make_role(url, tmp_path_factory.mktemp("role")))
    migrate(database)
    yield database
    database.dispose()
    with superuser.engine.begin() as connection:
        connection.execute(text(f"REASSIGN OWNED BY {ROLE} TO CURRENT_USER"))
        connection.execute(text(f"DROP ROLE {ROLE}"))


def test_the_service_can_work_as_it(role: Database) -> None:
    rows = add_site(role)
    add_comments(role, rows, "Vorher.")
    with role.read() as session:
        assert session.exec(select(Revision.body)).all() == ["Vorher."]


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_it_is_no_superuser(role: Database, statement: str) -> None:
    with (
        role.engine.connect() as connection,
        pytest.raises(DatabaseError, match="InsufficientPrivilege"),
    ):
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))


def test_its_password_is_not_kept_as_it_is(role: Database, superuser: Database) -> None:
    with superuser.engine.connect() as connection:
        query = text("SELECT rolpassword, rolconnlimit FROM pg_authid WHERE rolname = :role")
        password, limit = connection.execute(query, {"role": role.engine.url.username}).one()
    assert password.startswith("SCRAM-SHA-256$")
    assert limit == 90


def test_other_roles_do_not_get_in(role: Database, superuser: Database) -> None:
    with superuser.engine.begin() as connection:
        connection.execute(text("CREATE ROLE neighbour LOGIN"))
    neighbour = Database(
        role.engine.url.set(username="neighbour").render_as_string(hide_password=False)
    )
    try:
        with pytest.raises(OperationalError, match="permission denied"), neighbour.engine.connect():
            pass
    finally:
        neighbour.dispose()
        with superuser.engine.begin() as connection:
            connection.execute(text("DROP ROLE neighbour"))


def test_the_commands_for_compose_back_up_and_restore(
    role: Database, superuser: Database, tmp_path: Path
) -> None:
    assert len(COMMANDS) == 4
    name = role.engine.url.database
    environment = {
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "PGHOST": str(role.engine.url.query["host"]),
    }
    try:
        for command in COMMANDS:
            own = re.sub(r" netiquette( > |$)", rf" {name}\1", command)
            subprocess.run(["sh", "-c", own], env=environment, cwd=tmp_path, check=True)
        url = role.engine.url.set(database="restored")
        restored = Database(url.render_as_string(hide_password=False))
        migrate(restored)
        add_comments(restored, add_site(restored, "blatt"), "Nachher.")
        restored.dispose()
    finally:
        with superuser.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("DROP DATABASE IF EXISTS restored")
            )
