"""A tiny real model, loaded."""

from pathlib import Path

import pytest

from workers.models.registry import Model, find
from workers.testing import write_tiny_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Return the tiny model."""
    models_dir: Path = tmp_path_factory.mktemp("models")
    write_tiny_model(models_dir / "tiny")
    return find("tiny", models_dir)
