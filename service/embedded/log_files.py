"""Log files of the children: opened, kept below a size, and shown."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

LIMIT = 10 * 1024 * 1024
"""Size of a log in bytes above which it is moved aside. One older part is kept."""


def open_log(path: Path) -> BinaryIO:
    """Open a log for a child to append to."""
    return path.open("ab", buffering=0)


def bound(path: Path, limit: int = LIMIT) -> None:
    """Move a log of more than `limit` bytes aside, to `<name>.1`.

    The log is copied and truncated, so that the child goes on appending to the same file.
    Lines that it writes in between may be lost.
    """
    if path.exists() and path.stat().st_size > limit:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log, to be shown on the console."""
    with path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
        text = log.read().decode(errors="replace")
    return "\n".join(f"  | {line}" for line in text.splitlines()[-lines:])
