"""Clients generated from the OpenAPI document, kept in .cache until it or a generator changes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from service.app import create_app
from service.settings import Settings
from tests.docs.node import NODE, install

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache" / "clients"
LOCK = ROOT / "requirements" / "client.lock"
PACKAGE = "netiquette_client"
PROGRAM = "client.ts"

UV = Path(sys.executable).with_name("uv")


@cache
def document() -> str:
    """Return the API's OpenAPI document as JSON."""
    return json.dumps(create_app(Settings(database_url="sqlite:///unused.db")).openapi())


def python_client() -> tuple[Path, Path]:
    """Return the Python that runs the generated client, and the folder of its package."""
    tools = _kept("python", _make_venv, LOCK.read_text("utf-8"))
    python = tools / "venv" / "bin" / "python"

    def generate(folder: Path) -> None:
        (folder / "document.json").write_text(document(), "utf-8")
        (folder / "config.json").write_text('{"post_hooks": []}', "utf-8")
        # As a module: the venv was moved after it was made, which its scripts do not survive.
        generator = [str(python), "-m", "openapi_python_client"]
        options = ["--path", "document.json", "--config", "config.json", "--meta", "none"]
        _run(
            [*generator, "generate", *options, "--output-path", PACKAGE, "--fail-on-warning"],
            folder,
        )

    return python, _kept("python-client", generate, LOCK.read_text("utf-8"), document())


def typescript_client() -> Path:
    """Return a folder with `client.ts`, checked against the types that were generated."""
    lock = (HERE / "package-lock.json").read_text("utf-8")
    tools = _kept("node", lambda folder: install(HERE, "tsconfig.json", folder), lock)

    def generate(folder: Path) -> None:
        (folder / "node_modules").symlink_to(tools / "node_modules")
        for name in ("package.json", "tsconfig.json", PROGRAM):
            shutil.copy(HERE / name, folder)
        (folder / "document.json").write_text(document(), "utf-8")
        generator = "node_modules/openapi-typescript/bin/cli.js"
        _run([str(NODE), generator, "document.json", "--output", "netiquette.ts"], folder)
        _run([str(NODE), "node_modules/typescript/bin/tsc"], folder)

    program = (HERE / PROGRAM).read_text("utf-8")
    return _kept("typescript-client", generate, lock, document(), program)


def _make_venv(folder: Path) -> None:
    _run([str(UV), "venv", "--quiet", "--python", sys.executable, "venv"], folder)
    python = str(folder / "venv" / "bin" / "python")
    _run(
        [str(UV), "pip", "sync", "--quiet", "--python", python, "--require-hashes", str(LOCK)],
        folder,
    )


def _kept(name: str, make: Callable[[Path], object], *depends_on: str) -> Path:
    """Return the folder that `make` filled for these inputs, now or in an earlier run."""
    key = hashlib.sha256("\0".join((*depends_on, sys.version)).encode()).hexdigest()[:16]
    kept = CACHE / f"{name}-{key}"
    if kept.exists():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    for outdated in CACHE.glob(f"{name}-????????????????"):
        shutil.rmtree(outdated, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"making-{name}-", dir=CACHE))
    try:
        make(made)
        # Whole or not at all: another test process may look for it meanwhile.
        made.rename(kept)
    except OSError:
        if not kept.exists():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return kept


def _run(command: list[str], folder: Path) -> None:
    """Run a program; raises AssertionError with what it said if it fails."""
    # uv's own settings must not lead it to another environment.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
