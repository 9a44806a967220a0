"""deploy/pin-images, with a `docker` that knows one digest."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.dockerfile import ROOT

FILES = ("compose.yaml", "Dockerfile")
NEWER = "sha256:" + "12ab" * 16
PINNED = re.compile(r"([\w/]+:[\w.-]+)@(sha256:\w+)")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with what the script reads and writes."""
    (tmp_path / "deploy").mkdir()
    for name in (*FILES, "deploy/pin-images"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pin(copy: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Run the script, where the registry gives this answer; the questions stand in `asked`."""
    docker = copy / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(
        f"#!/bin/sh\nfor tag; do :; done\necho $tag >>{copy}/asked\necho '{answer}'\n"
    )
    docker.chmod(0o755)
    environment = os.environ | {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    script = ["sh", str(copy / "deploy" / "pin-images")]
    return subprocess.run(script, env=environment, check=False, capture_output=True, text=True)


def test_it_writes_the_digest_of_each_tag_and_nothing_else(copy: Path) -> None:
    before = {name: (ROOT / name).read_text() for name in FILES}
    done = pin(copy, f'"{NEWER}"')
    assert done.returncode == 0, done.stderr
    for name in FILES:
        assert (copy / name).read_text() == PINNED.sub(rf"\1@{NEWER}", before[name])
    tags = [tag for text in before.values() for tag, _ in PINNED.findall(text)]
    assert len(tags) == 3
    assert (copy / "asked").read_text().split() == tags


@pytest.mark.parametrize("answer", ["", "sha256:12ab", "toomanyrequests"])
def test_without_a_digest_nothing_is_written(copy: Path, answer: str) -> None:
    done = pin(copy, answer)
    assert done.returncode == 1
    assert "told no digest of postgres:" in done.stderr
    for name in FILES:
        assert (copy / name).read_text() == (ROOT / name).read_text()
