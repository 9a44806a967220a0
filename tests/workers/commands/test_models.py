"""`netiquette models …` as an operator runs it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import clock
from service.db import Database
from service.migrations import migrate
from service.settings import settings
from service.tables import Scorer
from workers.commands import models as module
from workers.commands.models import commands
from workers.models import parity
from workers.models.registry import find
from workers.testing import write_tiny_model

RUNNER = CliRunner()


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write_tiny_model(tmp_path / "tiny")
    write_tiny_model(tmp_path / "other", name="other", seed=2)
    monkeypatch.setenv("NETIQUETTE_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("NETIQUETTE_MODEL", "tiny")
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", f"sqlite:///{tmp_path / 'netiquette.db'}")
    # Prove on few texts: the proof itself is the same.
    texts = parity.texts()[:40]
    monkeypatch.setattr(parity, "texts", lambda: texts)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def own_database(models_dir: Path) -> Iterator[Database]:
    """Return the database that the commands use."""
    database = Database(settings().database_url)
    migrate(database)
    yield database
    database.dispose()


def add_scorer(database: Database, model: str) -> None:
    now = clock.now()
    with database.write() as session:
        session.merge(Scorer(id="host:1", model=model, started_at=now, seen_at=now))


def run(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(commands, arguments)
    return result.exit_code, result.output


def test_list_marks_the_active_one(models_dir: Path) -> None:
    code, output = run("list")
    assert code == 0
    assert "tiny *" in output
    assert "other" in output


def test_show_tells_identity_and_hashes(models_dir: Path) -> None:
    code, output = run("show", "tiny")
    assert code == 0
    assert "identity: " in output
    assert "checkpoint.ckpt" in output


def test_the_active_model_is_not_removed(models_dir: Path) -> None:
    code, output = run("remove", "tiny")
    assert code == 1
    assert "ModelInUse" in output
    assert run("remove", "other")[0] == 0
    assert not (models_dir / "other").exists()


def test_a_bundled_model_is_not_removed(models_dir: Path) -> None:
    code, output = run("remove", "netiquette-de-en")
    assert code == 1
    assert "stays" in output


def test_a_changed_file_fails_verification(models_dir: Path) -> None:
    (models_dir / "tiny" / "config.json").write_text("{}")
    code, output = run("verify", "tiny")
    assert code == 1
    assert "CorruptModel" in output


def test_seal_takes_the_files_as_they_are(models_dir: Path) -> None:
    path = models_dir / "tiny" / "config.json"
    path.write_text(path.read_text() + "\n")
    before = run("show", "tiny")[1]
    assert run("seal", str(models_dir / "tiny"))[0] == 0
    assert run("show", "tiny")[1] != before


def test_unknown_names_are_told_in_a_line(models_dir: Path) -> None:
    for command in ("show", "build", "verify", "remove"):
        code, output = run(command, "nothing")
        assert code == 1
        assert "UnknownModel" in output
        assert "Traceback" not in output
    assert "published" in run("pull", "nothing")[1]


def test_use_lets_another_model_score(models_dir: Path, own_database: Database) -> None:
    add_scorer(own_database, find("other", models_dir).identity)
    code, output = run("use", "other")
    assert code == 0
    assert "1 of 1 scoring processes" in output
    assert "other *" in run("list")[1]
    assert "tiny *" not in run("list")[1]
    assert "ModelInUse" in run("remove", "other")[1]
    assert run("remove", "tiny")[0] == 0


def test_use_tells_of_workers_that_do_not_follow(
    models_dir: Path, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_scorer(own_database, find("tiny", models_dir).identity)
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.0)
    code, output = run("use", "other")
    assert code == 1
    assert "model_not_loaded" in output


def test_use_without_workers_is_for_the_next_one(models_dir: Path, own_database: Database) -> None:
    code, output = run("use", str(models_dir / "other"))
    assert code == 0
    assert "next one" in output


def test_a_model_that_fails_verification_is_refused(
    models_dir: Path, own_database: Database
) -> None:
    (models_dir / "other" / "config.json").write_text("{}")
    code, output = run("use", "other")
    assert code == 1
    assert "CorruptModel" in output
    assert "tiny *" in run("list")[1]


def test_use_needs_a_database(models_dir: Path) -> None:
    code, output = run("use", "other")
    assert code == 1
    assert "netiquette migrate" in output
    assert "Traceback" not in output


def test_what_is_built_is_told_without_torch(models_dir: Path) -> None:
    """Each start of `netiquette up` asks."""
    code, output = run("build")
    assert code == 0
    program = """
import sys
from service.cli import application
application()(["models", "build"], standalone_mode=False)
print(sorted({"torch", "transformers", "detoxify", "onnx"} & {*sys.modules}))
"""
    told = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert told.splitlines() == [output.splitlines()[-1], "[]"]
