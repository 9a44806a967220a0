"""Share metrics between the processes on one machine, by files in one folder."""

import atexit
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
WANTED = ("NETIQUETTE_METRICS_PORT", "NETIQUETTE_METRICS_TOKEN")
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder that nobody else can read

_made: list[tuple[str, int]] = []
"""The folder that was made, and the process that made it: this one, or one it was forked from."""


def share_numbers() -> None:
    """Make this process and its children keep their metrics in files, if metrics are served.

    Call it before prometheus_client is imported, which looks for the folder then. An
    operator's own PROMETHEUS_MULTIPROC_DIR is used, and made if it does not exist.
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
    """Remove the folder, if this process made it: in a fork, other processes still write to it."""
    for folder, maker in _made:
        if os.getpid() == maker:
            shutil.rmtree(folder, ignore_errors=True)
