"""The commands as an operator runs them; the end-to-end tests run them with a model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from service.db import Database
from service.domain.states import State
from service.tables import Comment
from service.testing.rows import add_comments, add_site
from tests.support.stack import Valkey, wait_until

Process = subprocess.Popen[bytes]


def start(kind: str, log: Path, environment: dict[str, str], folder: Path) -> Process:
    """Start one of the commands, in an empty folder."""
    command = [sys.executable, "-m", "service", "worker", kind]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_commands_run_write_nothing_here_and_end_when_told(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    valkey = Valkey(tmp_path / "valkey")
    environment = os.environ | {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": valkey.url,
        "NETIQUETTE_MODELS_DIR": str(tmp_path / "models"),
        "NETIQUETTE_MODEL": "nobody-has-this",
        "NETIQUETTE_SWEEP_SECONDS": "0.5",
        "NETIQUETTE_STALE_SECONDS": "1",
    }
    add_comments(database, add_site(database), "Guten Tag, Frau Müller!")
    logs = {kind: tmp_path / f"{kind}.log" for kind in ("score", "io", "beat")}
    workers = [start(kind, log, environment, empty) for kind, log in logs.items()]
    try:
        wait_until(lambda: "model_not_loaded" in logs["score"].read_text(), 60)
        wait_until(lambda: "comments_wait_too_long" in logs["io"].read_text(), 60)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(15) for worker in workers] == [0, 0, 0]
    finally:
        for worker in workers:
            worker.kill()
        valkey.kill()
    assert list(empty.iterdir()) == []
    with database.read() as session:
        comment = session.exec(select(Comment)).one()
        assert (comment.state, comment.attempts) == (State.PENDING, 0)
