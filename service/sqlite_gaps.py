"""Blank what SQLite leaves in the gaps of its pages, a slice at a time.

`secure_delete` overwrites deleted cells and free pages. But where a b-tree page is split or
merged, cells move to another page, and copies stay in the gap of the first: the unallocated
space between its cell pointers and its cells. An erased text may be among them (invariant 11).
VACUUM rewrites the whole file instead, which nobody can write to meanwhile: 6 s at 150 MB.

The file is written to directly, which is safe under four conditions, all checked for each slice:
the write-ahead log is empty, so that the file alone is the database; this connection holds the
write lock, so that this remains so; only gaps are written to, whose content means nothing
(https://www.sqlite.org/fileformat2.html, section 1.6); and the slice ends with a commit, upon
which each other connection forgets the pages that it has in memory.

This runs in a process of its own: closing the file would release all locks of the process on
it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SLICE = 500
"""Pages per slice, 2 MB as a rule. Writers wait for one slice: some 10 ms, and the disk."""

PAUSE = 0.15
"""Seconds between two slices. A writer that waits looks every 100 ms, so each gets its turn."""

TRIES = 200
"""For one slice, while other writers fill the log between its emptying and our lock."""

_HEADERS = {2: 12, 5: 12, 10: 8, 13: 8}
"""Length of the header of a b-tree page by its type. No other page begins with such a byte: they
begin with a page number, which is too small, or are blank."""

_MOST_PAGES = 1 << 25
"""Pages up to which that holds: 128 GiB of 4 KiB each."""

DONE, LATER = 0, 1


def blank_in_process(file: Path) -> bool:
    """Blank all gaps of the file, by a process of its own; tell whether that worked."""
    command = [sys.executable, "-m", __name__, str(file)]
    return subprocess.run(command, check=False).returncode == DONE  # noqa: S603 - ourselves


def blank_gaps(file: Path) -> bool:
    """Blank all gaps of the file; False where a reader of old pages, or anything else, hinders it.

    Call it only in a process that has no other connection to the file.
    """
    uri = f"{file.absolute().as_uri()}?mode=rw"
    try:
        # The connection is closed first: it needs its locks until then.
        with _opened(file) as raw, closing(_connect(uri)) as connection:
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            (moving,) = connection.execute("PRAGMA auto_vacuum").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            if moving or mode != "wal" or not _empty_log(connection):
                return False
            # Pages that are added from now on hold nothing that was erased before.
            count = os.fstat(raw).st_size // size
            if count >= _MOST_PAGES:
                return False
            # Page 1 holds the schema alone, and each slice's commit writes to it.
            starts = range(2, count + 1, SLICE)
            parent = os.getppid()
            for start in starts:
                if os.getppid() != parent:
                    return False  # The worker was killed, and its erasure begins anew.
                if not _blank_slice(connection, file, raw, size, start):
                    return False
                time.sleep(PAUSE)
            return _empty_log(connection)
    except (OSError, sqlite3.Error):
        return False


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    return connection


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _empty_log(connection: sqlite3.Connection) -> bool:
    # A short timeout, since writers cannot go on while this waits for a reader.
    connection.execute("PRAGMA busy_timeout=1000")
    try:
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.execute("PRAGMA busy_timeout=30000")
    return not busy


def _blank_slice(
    connection: sqlite3.Connection, file: Path, raw: int, size: int, start: int
) -> bool:
    """Blank the gaps of SLICE pages from `start` on, while nobody else writes."""
    log = file.with_name(f"{file.name}-wal")
    for _ in range(TRIES):
        if not _empty_log(connection):
            return False
        connection.execute("BEGIN IMMEDIATE")
        if log.stat().st_size == 0:
            break
        connection.execute("ROLLBACK")
    else:
        return False
    try:
        pages = os.pread(raw, SLICE * size, (start - 1) * size)
        found = [
            (offset + begin, length)
            for offset in range(0, len(pages), size)
            for begin, length in gap(pages[offset : offset + size])
        ]
        for begin, length in found:
            os.pwrite(raw, bytes(length), (start - 1) * size + begin)
        if found:
            os.fdatasync(raw)
            # Writes to page 1 alone, so that the commit changes what others compare.
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version={version}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return True


def gap(page: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and length of the page's gap, if it is a b-tree page whose gap is not blank."""
    header = _HEADERS.get(page[0])
    if header is None:
        return
    cells = int.from_bytes(page[3:5])
    # A content area that begins at 65,536 is stored as 0.
    begin, end = header + 2 * cells, int.from_bytes(page[5:7]) or 65_536
    if begin < end <= len(page) and page.count(0, begin, end) < end - begin:
        yield begin, end - begin


if __name__ == "__main__":
    # A slice may be broken off anywhere.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(DONE if blank_gaps(Path(sys.argv[1])) else LATER)
