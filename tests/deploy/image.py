"""Replays the Dockerfile's steps in a folder: what an image would hold, without Docker."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deploy.dockerfile import ROOT, Step, copied, lineage, read

PASSED_ON = ("PIP_", "SSL_", "http", "HTTP", "no_proxy", "NO_PROXY")
"""How this machine reaches its package index."""

IMAGE_PATHS = re.compile(r"(?<![\w.])/(opt/netiquette|var/lib/netiquette|src)\b")
USERS = re.compile(r"^(useradd|chown) .*")


@dataclass
class Image:
    """What an image would hold, below `root`, and what its commands run with."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")

    def local(self, text: str) -> str:
        """Put the image's own paths below the root."""
        return IMAGE_PATHS.sub(lambda match: f"{self.root}{match[0]}", text)

    def run(self, command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, check=True, text=True, **more
        )

    def files(self) -> dict[str, int]:
        """Return what is there, with its times; bytecode apart, which Python does without."""
        return {
            str(path.relative_to(self.root)): path.stat().st_mtime_ns
            for path in self.root.rglob("*")
            if "__pycache__" not in path.parts and path.is_file()
        }

    def megabytes(self) -> int:
        """Return the size of all files, in MiB."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file()) // 2**20


def build(target: str, root: Path) -> Image:
    """Replay the stage that a target's files come from, then the target itself."""
    stages = read()
    python = Path(sys.base_prefix) / "bin"
    image = Image(root, {name: os.environ[name] for name in os.environ if _passed_on(name)})
    image.environment |= {"PATH": f"{python}:/usr/bin:/bin", "HOME": str(root), "LC_ALL": "C.UTF-8"}
    for name in (f"{target}-build", target):
        for step in lineage(stages, name):
            _replay(image, step)
    # The final image copies nothing of it.
    shutil.rmtree(root / "src")
    return image


def _passed_on(name: str) -> bool:
    return name.startswith(PASSED_ON)


def _replay(image: Image, step: Step) -> None:
    text = image.local(step.text)
    match step.instruction:
        case "RUN" if not USERS.match(step.text):
            image.run(["sh", "-ec", text], stdout=subprocess.DEVNULL)
        case "ENV":
            for name, value in re.findall(r"(\w+)=(\S+)", text):
                image.environment[name] = value.replace("$PATH", image.environment["PATH"])
        case "ARG":
            # As in `make`: this machine's own index, unless another one is named.
            name = text.partition("=")[0]
            image.environment[name] = os.environ.get(name, "")
        case "WORKDIR":
            image.folder = Path(text)
            image.folder.mkdir(parents=True, exist_ok=True)
        case "COPY":
            _copy(image, step)


def _copy(image: Image, step: Step) -> None:
    stage, sources, destination = copied(step)
    for source in sources:
        if stage:
            # Both stages share the root: it has to be there already.
            assert Path(image.local(source)).is_dir(), source
        elif (ROOT / source).is_dir():
            kept = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, image.folder / destination, ignore=kept)
        else:
            target = image.folder / destination / Path(source).name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target)
