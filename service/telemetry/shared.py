"""One place for the numbers of several processes on a machine."""

import atexit
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
WANTED = ("NETIQUETTE_METRICS_PORT", "NETIQUETTE_METRICS_TOKEN")
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder that nobody else can read

_made: list[tuple[str, int]] = []
"""The folder that this process or one that it was forked from has made, and which that was."""


def share_numbers() -> None:
    """Have this process and its children keep their numbers in files, where metrics are served.

    Must have run before prometheus_client is imported, which looks for the folder then.
    An operator's own PROMETHEUS_MULTIPROC_DIR is used as it is, and made if need be.
    """
    if DIRECTORY in os.environ:
        Path(os.environ[DIRECTORY]).mkdir(parents=True, exist_ok=True)
    elif any(os.environ.get(name) for name in WANTED):
        # In memory: the files are mapped, and a full disk would end the process.
        memory = MEMORY if os.access(MEMORY, os.W_OK) else None
        os.environ[DIRECTORY] = mkdtemp(prefix="netiquette-metrics-", dir=memory)
        _made.append((os.environ[DIRECTORY], os.getpid()))
        atexit.register(forget_numbers)


def forget_numbers() -> None:
    """Remove the folder, in the process that made it; its forks may still be writing."""
    for folder, maker in _made:
        if os.getpid() == maker:
            shutil.rmtree(folder, ignore_errors=True)
