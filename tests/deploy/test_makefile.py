"""What `make` hands on when it installs. It only says what it would do."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def torch_s_line(tmp_path: Path, *given: str) -> str:
    """Return the command that installs torch into an empty environment."""
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", f"VENV={tmp_path}", "install", *given],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
    )
    (line,) = (row for row in said.stdout.splitlines() if "--quiet torch==" in row)
    return line


def test_the_index_of_torch_is_chosen_where_nobody_names_one(tmp_path: Path) -> None:
    assert "torch_index.py torch==2.13.0 https://" in torch_s_line(tmp_path)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("TORCH_INDEX=https://torch.example/cu130", " --index-url https://torch.example/cu130"),
        ("TORCH_INDEX=", ""),
    ],
)
def test_a_given_index_is_taken_without_a_question(
    given: str, options: str, tmp_path: Path
) -> None:
    assert torch_s_line(tmp_path, given).rstrip().endswith(f"torch==2.13.0{options}")
