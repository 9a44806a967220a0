"""A small disk of its own for a run, and how to fill it.

Where a tmpfs can be mounted (as root) that is the disk. Elsewhere the processes are
forbidden to let any file grow (RLIMIT_FSIZE), which they meet as EFBIG instead of ENOSPC.
"""

import resource
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SIZE = 700 * 1024 * 1024
BLOCK = bytes(64 * 1024)


class Disk:
    """The folder that a run's files are in."""

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        """Take the folder as it is."""
        self.folder = folder
        self._mounted = mounted
        self._balloon = folder / "balloon"

    @property
    def method(self) -> str:
        """How it gets full, in words."""
        return (
            "a tmpfs"
            if self._mounted
            else "RLIMIT_FSIZE, where that may be set: no tmpfs could be mounted"
        )

    def fill(self, processes: Iterable[psutil.Process]) -> None:
        """Leave no room to write."""
        if self._mounted:
            with self._balloon.open("wb", buffering=0) as balloon, suppress(OSError):
                while True:
                    balloon.write(BLOCK)
        else:
            _limit(processes, 1)

    def empty(self, processes: Iterable[psutil.Process]) -> None:
        """Make room again."""
        if self._mounted:
            self._balloon.unlink(missing_ok=True)
        else:
            _limit(processes, resource.RLIM_INFINITY)


def _limit(processes: Iterable[psutil.Process], size: int) -> None:
    for process in processes:
        # As root in a container, not even Postgres's user may be limited.
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            hard = process.rlimit(psutil.RLIMIT_FSIZE)[1]
            process.rlimit(psutil.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a small disk on the folder, if that is allowed, until the block ends."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "faults", str(folder)]
    mounted = (
        shutil.which("mount") is not None
        and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    )
    try:
        yield Disk(folder, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
