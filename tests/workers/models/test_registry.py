"""Where models are found."""

from pathlib import Path

import pytest

from workers.models.errors import UnknownModel
from workers.models.registry import find, installed
from workers.testing import write_tiny_model


def test_by_name_and_by_path(models_dir: Path, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "elsewhere", name="own", seed=2)
    assert find("tiny", models_dir).manifest.name == "tiny"
    assert find(str(tmp_path / "elsewhere"), models_dir).manifest.name == "own"


def test_unknown(models_dir: Path) -> None:
    with pytest.raises(UnknownModel, match="models pull"):
        find("nothing", models_dir)


def test_a_broken_manifest_does_not_hide_the_others(models_dir: Path) -> None:
    (models_dir / "broken").mkdir()
    (models_dir / "broken" / "model.toml").write_text("name = ")
    models, broken = installed(models_dir)
    assert "tiny" in [model.manifest.name for model in models]
    assert len(broken) == 1


def test_derived_files_lie_under_the_identity(models_dir: Path) -> None:
    model = find("tiny", models_dir)
    assert model.derived == models_dir / model.manifest.identity
