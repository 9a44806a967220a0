"""`netiquette models …` as an operator runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.settings import settings
from workers.commands.models import commands
from workers.testing import write_tiny_model

RUNNER = CliRunner()


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write_tiny_model(tmp_path / "tiny")
    write_tiny_model(tmp_path / "other", name="other", seed=2)
    monkeypatch.setenv("NETIQUETTE_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("NETIQUETTE_MODEL", "tiny")
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


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
