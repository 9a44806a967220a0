"""The README's first session, typed as it is printed."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"
END = "--- end of output ---"

Start = Callable[..., Any]

# What differs from run to run.
VARYING = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"\b[01]\.\d+(e-\d+)?"), "<score>"),
)


def session() -> list[tuple[str, str]]:
    """Return each command of the README's console block with the output printed below it."""
    block = re.search(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block
    steps = re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]
    return [split(step) for step in steps]


def split(step: str) -> tuple[str, str]:
    """Tell the command, which goes on while a quotation is open, from its output."""
    lines = step.splitlines(keepends=True)
    end = 1
    while "".join(lines[:end]).count("'") % 2:
        end += 1
    return "".join(lines[:end]), "".join(lines[end:])


def masked(text: str) -> str:
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return text.strip()


def run(commands: list[str], folder: Path) -> list[str]:
    script = "set -eu\n" + "".join(f"{command}echo '{END}'\n" for command in commands)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.split(f"{END}\n")[:-1]


@pytest.mark.timeout(300)
def test_the_first_session_goes_as_printed(start: Start, bundled: Path, tmp_path: Path) -> None:
    embedded = start(models=bundled)
    embedded.wait_until_ready()
    steps = session()
    assert len(steps) >= 5
    own_port = [command.replace(":8000", f":{embedded.port}") for command, _ in steps]
    outputs = run(own_port, tmp_path)
    assert [masked(output) for output in outputs] == [masked(expected) for _, expected in steps]
