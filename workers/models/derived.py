"""Folders that are derived from a model, and can be made again at any time."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from workers.manifest import sha256

MARKER = "derived.json"


def read(folder: Path, conditions: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the notes of a derived folder, or None if it must be made again.

    It must be made again if it is incomplete or damaged, or was made under other `conditions`
    (another CPU, another path, another version of the code).
    """
    try:
        marker = json.loads((folder / MARKER).read_text("utf-8"))
        files: dict[str, str] = marker["files"]
        whole = all(sha256(folder / name) == digest for name, digest in files.items())
        if whole and marker["conditions"] == dict(conditions):
            notes: dict[str, Any] = marker["notes"]
            return notes
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def ensure(
    folder: Path, conditions: Mapping[str, Any], make: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """Make the folder, unless it is whole and was made under `conditions`; return its notes.

    `make` fills an empty folder and returns the notes. The folder appears atomically, also when
    several processes ask for it at once.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        notes = read(folder, conditions)
        if notes is not None:
            return notes
        draft = folder.with_suffix(".draft")
        for leftover in (draft, folder):
            shutil.rmtree(leftover, ignore_errors=True)
        draft.mkdir()
        notes = make(draft)
        files = {path.name: sha256(path) for path in sorted(draft.iterdir())}
        marker = {"conditions": dict(conditions), "notes": notes, "files": files}
        (draft / MARKER).write_text(json.dumps(marker, indent=1), "utf-8")
        os.replace(draft, folder)  # noqa: PTH105 - same file system: atomic
        return notes
