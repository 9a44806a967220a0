"""Log files of the children: opened, kept below a size, and shown."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

LIMIT = 10 * 1024 * 1024
"""Size of a log in bytes above which it is moved aside. One older part is kept."""


def open_log(path: Path) -> BinaryIO:
    """Open a log for a child to append to; its folder is made anew if somebody has removed it.

    A log that has grown too large is moved aside first: nobody bounds that of a job that is done.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        bound(path)
    return path.open("ab", buffering=0)


def bound(path: Path, limit: int = LIMIT) -> None:
    """Move a log of more than `limit` bytes aside: its last `limit` bytes, to `<name>.1`.

    Copies and truncates: the child goes on writing to the same file, at its new
    end, since it was opened for appending. Lines in between may be lost. Both files begin
    with a whole line.
    Raises OSError where the log is gone, or the disk has no room for the copy; half
    a copy is removed, so that it does not keep the disk full.
    """
    size = path.stat().st_size
    if size <= limit:
        return
    older = path.with_name(path.name + ".1")
    try:
        with path.open("rb") as log, older.open("wb") as copy:
            # One byte more, so that a line that begins exactly there is kept.
            log.seek(size - limit - 1)
            log.readline()
            shutil.copyfileobj(log, copy)
    except OSError:
        older.unlink(missing_ok=True)
        raise
    os.truncate(path, 0)


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log, for a person who must find out what happened."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
            text = log.read().decode(errors="replace")
    except OSError as error:
        text = f"(the log cannot be read: {error.strerror})"
    return "\n".join(f"  | {line}" for line in text.splitlines()[-lines:])
