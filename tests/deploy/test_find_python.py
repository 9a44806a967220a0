"""Which Python `make` installs with, and what it says where there is none."""

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).parents[2]

FAKE = """#!/bin/sh
exec '{real}' -c '
import sys
sys.version_info = ({version}, 0)
sys.modules["ensurepip"] = {ensurepip}
exec(sys.argv[1])' "$2"
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return an empty folder of programs, the only one that is searched."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def add(programs: Path, name: str, version: str, *, venv: bool = True) -> None:
    """Put a Python there that takes itself for this version, with or without venv."""
    program = programs / name
    program.write_text(
        FAKE.format(
            real=sys.executable,
            version=version.replace(".", ", "),
            ensurepip="sys" if venv else "None",
        )
    )
    program.chmod(0o755)


def find(programs: Path, *given: str) -> CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "find-python", *given],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(programs)},
    )


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_python_of_a_machine_of_today_is_found(programs: Path, version: str) -> None:
    add(programs, "python3", version)
    assert find(programs).stdout == "python3\n"


def test_the_version_that_all_tests_run_on_comes_first(programs: Path) -> None:
    for version in ("3.14", "3.13", "3.12", "3.11"):
        add(programs, f"python{version}", version)
        assert find(programs).stdout == f"python{version}\n"


def test_a_python_that_can_make_no_environment_is_passed_over(programs: Path) -> None:
    add(programs, "python3.11", "3.11", venv=False)
    add(programs, "python3", "3.13")
    assert find(programs).stdout == "python3\n"


def test_the_package_that_is_missing_is_named(programs: Path) -> None:
    add(programs, "python3", "3.13", venv=False)
    found = find(programs)
    assert (found.returncode, found.stdout) == (1, "")
    assert "python3 has no venv" in found.stderr
    assert "apt install python3.13-venv" in found.stderr


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.15", "4.0"])
def test_what_does_not_fit_is_told(programs: Path, version: str) -> None:
    add(programs, "python3", version)
    found = find(programs)
    assert (found.returncode, found.stdout) == (1, "")
    assert f"python3 is Python {version}\n" in found.stderr
    assert "make PYTHON=" in found.stderr


def test_a_machine_without_python_is_told_so(programs: Path) -> None:
    broken = programs / "python3.12"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    found = find(programs)
    assert found.returncode == 1
    assert "Found: none\n" in found.stderr


def test_the_given_python_is_the_only_one_looked_at(programs: Path) -> None:
    add(programs, "python3.11", "3.11")
    add(programs, "a python", "3.14")
    assert find(programs, "a python").stdout == "a python\n"
    assert find(programs, "/none/such").returncode == 1
