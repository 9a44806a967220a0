"""A models folder for the commands."""

from pathlib import Path

import pytest

from workers.models import parity
from workers.models.build import build
from workers.models.registry import find
from workers.testing import write_tiny_model


@pytest.fixture(scope="package")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the model `tiny`; without what is built, each run would import torch."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny_model(folder / "tiny")
    # Prove on few texts: the proof itself is the same.
    texts = parity.texts()[:60]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "texts", lambda: texts)
        build(find("tiny", folder), print)
    return folder
