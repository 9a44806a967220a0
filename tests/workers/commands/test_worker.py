"""The commands as an operator runs them, with a real, if tiny, Detoxify model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import select

from service.db import Database
from service.domain.states import State
from service.tables import Assessment, Comment, Scorer
from service.testing import add_comments, add_site
from tests.invariants.record import check_record
from tests.invariants.stack import Valkey, wait_until


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_three_workers_decide_a_comment(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    from workers.testing import write_tiny_model

    write_tiny_model(tmp_path / "models" / "tiny")
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o500)
    valkey = Valkey(tmp_path / "valkey")
    environment = os.environ | {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": valkey.url,
        "NETIQUETTE_MODELS_DIR": str(tmp_path / "models"),
        "NETIQUETTE_MODEL": str(tmp_path / "models" / "tiny"),
        "NETIQUETTE_SWEEP_SECONDS": "0.5",
    }
    ids = add_comments(database, add_site(database), "Guten Tag, Frau Müller!")

    def decided() -> bool:
        with database.read() as session:
            return session.exec(select(Comment.state)).one() is not State.PENDING

    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "service", "worker", kind], env=environment, cwd=empty
        )
        for kind in ("score", "io", "beat")
    ]
    try:
        wait_until(decided, 60)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(10) for worker in workers] == [0, 0, 0]
    finally:
        for worker in workers:
            worker.kill()
        valkey.kill()
    check_record(database, ids)
    assert list(empty.iterdir()) == []
    with database.read() as session:
        assert session.exec(select(Scorer)).all() == []
        assessment = session.exec(select(Assessment)).one()
        assert len(assessment.scores) == 7
        assert assessment.provenance["engine"]
