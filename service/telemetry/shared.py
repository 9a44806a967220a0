"""Share metrics between the processes on one machine, by files in one folder."""

import atexit
import os
import re
import shutil
from pathlib import Path
from tempfile import gettempdir, mkdtemp

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
WANTED = ("NETIQUETTE_METRICS_PORT", "NETIQUETTE_METRICS_TOKEN")
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder that nobody else can read

PREFIX = "netiquette-metrics-"
"""Then, with hyphens between: the namespace of the maker's pid, the pid, and a random part."""

NAMESPACE = Path("/proc/self/ns/pid")
"""Linux names the namespace there (pid_namespaces(7)); elsewhere there is one."""

_made: list[tuple[str, int]] = []
"""The folder that was made, and the process that made it: this one, or one it was forked from."""


def share_numbers() -> None:
    """Make this process and its children keep their metrics in files, if metrics are served.

    Must have run before prometheus_client is imported, which looks for the folder then.
    An operator's own PROMETHEUS_MULTIPROC_DIR is used as it is, and made if need be.
    Folders of processes that were killed are removed.
    """
    if DIRECTORY in os.environ:
        Path(os.environ[DIRECTORY]).mkdir(parents=True, exist_ok=True)
    elif any(os.environ.get(name) for name in WANTED):
        home = _home()
        _remove_dead(home)
        prefix = f"{PREFIX}{_namespace()}-{os.getpid()}-"
        os.environ[DIRECTORY] = mkdtemp(prefix=prefix, dir=home)
        _made.append((os.environ[DIRECTORY], os.getpid()))
        atexit.register(forget_numbers)


def forget_numbers() -> None:
    """Remove the folder, if this process made it: in a fork, other processes still write to it."""
    for folder, maker in _made:
        if os.getpid() == maker:
            shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    """Return where the folder belongs: in memory, since a full disk would end who maps files."""
    return MEMORY if os.access(MEMORY, os.W_OK) else Path(gettempdir())


def _namespace() -> str:
    """Return the number of our namespace of pids: containers may share a memory, not pids."""
    try:
        return re.sub(r"\D", "", str(NAMESPACE.readlink()))
    except OSError:
        return "0"


def _remove_dead(home: Path) -> None:
    """Remove the folders whose maker is known to be dead; a reused pid keeps one a while longer."""
    ours = re.compile(rf"{PREFIX}{_namespace()}-(\d{{1,9}})-")
    for folder in home.glob(f"{PREFIX}*"):
        maker = ours.match(folder.name)
        if maker and not _exists(int(maker[1])):
            # Another user's folder, or a link, is refused and stays.
            shutil.rmtree(folder, ignore_errors=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
