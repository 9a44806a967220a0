"""A tiny real model."""

from pathlib import Path

import pytest

from workers.testing import write_tiny_model


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """Return a models folder that holds the model `tiny`."""
    write_tiny_model(tmp_path / "models" / "tiny")
    return tmp_path / "models"
