"""What the wheel holds, built as the Dockerfile builds it."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.deploy.dockerfile import ROOT

TRAINING = "workers/models/training/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the files in the wheel, which is built from a copy."""
    place = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, place)
    for name in ("service", "workers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "."], cwd=place, check=True)
    (built,) = place.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_nothing_of_the_training_is_in_it(wheel: set[str]) -> None:
    assert {name for name in wheel if name.startswith(TRAINING)} == set()


def test_every_other_module_is_in_it(wheel: set[str]) -> None:
    modules = {
        str(path.relative_to(ROOT))
        for folder in ("service", "workers")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name for name in modules - wheel if not name.startswith(TRAINING)} == set()


def test_it_tells_type_checkers_that_it_has_types(wheel: set[str]) -> None:
    assert {"service/py.typed", "workers/py.typed"} <= wheel
