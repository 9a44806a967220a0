"""`netiquette migrate` as an operator runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import commands
from service.settings import settings
from service.sqlite_file import marker

Migrate = Callable[[], Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "netiquette.db"


@pytest.fixture
def migrate(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Migrate]:
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", f"sqlite:///{file}")
    settings.cache_clear()
    yield lambda: CliRunner().invoke(commands, ["migrate"])
    settings.cache_clear()


def test_makes_a_database_once(migrate: Migrate, file: Path) -> None:
    assert migrate().exit_code == 0
    assert migrate().exit_code == 0
    file.unlink()
    refused = migrate()
    assert refused.exit_code == 1
    assert "`netiquette restore FILE` puts a backup back" in refused.output
    assert str(marker(file)) in refused.output
    assert not file.exists()


def test_a_damaged_one_is_told_in_a_line(migrate: Migrate, file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)
    refused = migrate()
    assert refused.exit_code == 1
    assert "file is not a database" in refused.output
    assert "Traceback" not in refused.output
    assert file.read_bytes() == b"no database at all" * 1000
