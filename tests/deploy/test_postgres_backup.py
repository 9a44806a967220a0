"""The commands of docs/operations.md that back up and restore Postgres, as they are printed."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from service.db import Database
from service.migrations import migrate
from service.tables import Revision
from service.testing.rows import add_comments, add_site
from tests.deploy.role import programs
from tests.deploy.test_operations import section

COMMANDS = re.findall(
    r"^    (\(umask 077; pg_.+|pg_.+|createdb.+)$", section("Backup and restore"), re.MULTILINE
)

Shell = Callable[..., int]

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def restored_url(database: Database) -> Iterator[str]:
    """Give the URL of a database that the commands create; it is dropped in the end."""
    yield database.engine.url.set(database="restored").render_as_string(hide_password=False)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored"))


@pytest.fixture
def shell(database_url: str, restored_url: str, tmp_path: Path) -> Shell:
    """Return a function that runs a command with the server's own programs; gives its exit code."""

    def run(command: str, restored: str = restored_url) -> int:
        environment = {
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "DATABASE": database_url.replace("+psycopg", ""),
            "RESTORED": restored.replace("+psycopg", ""),
        }
        return subprocess.run(
            ["sh", "-c", command], env=environment, cwd=tmp_path, check=False
        ).returncode

    return run


def test_what_was_backed_up_is_restored(
    database: Database, shell: Shell, restored_url: str, tmp_path: Path
) -> None:
    rows = add_site(database)
    add_comments(database, rows, "Vorher.")
    assert len(COMMANDS) == 4
    assert [shell(command) for command in COMMANDS] == [0, 0, 0, 0]
    assert (tmp_path / "netiquette.dump").stat().st_mode & 0o777 == 0o600

    restored = Database(restored_url)
    migrate(restored)
    add_comments(restored, rows, "Nachher.")
    with restored.read() as session:
        assert list(session.exec(select(Revision.body))) == ["Vorher.", "Nachher."]
    restored.dispose()


def test_a_database_with_tables_stays(database: Database, database_url: str, shell: Shell) -> None:
    rows = add_site(database)
    add_comments(database, rows, "Vorher.")
    dump, _, _, restore = COMMANDS
    assert shell(dump) == 0
    add_comments(database, rows, "Nachher.")
    assert shell(restore, database_url) != 0
    with database.read() as session:
        assert list(session.exec(select(Revision.body))) == ["Vorher.", "Nachher."]


def test_half_a_file_fails_the_check_and_restores_nothing(
    shell: Shell, restored_url: str, database: Database, tmp_path: Path
) -> None:
    dump, check, create, restore = COMMANDS
    assert shell(dump) == 0
    file = tmp_path / "netiquette.dump"
    file.write_bytes(file.read_bytes()[:-2000])
    assert shell(check) != 0
    assert shell(create) == 0
    assert shell(restore) != 0
    restored = Database(restored_url)
    with restored.read() as session:
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        assert session.execute(text(tables)).scalar_one() == 0
    restored.dispose()
