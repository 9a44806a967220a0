"""Children of an earlier run that was killed together with its guardian: found, and ended.

`up` keeps the pids of its children in a file in `var/`, each with the moment at which that
process started. A pid alone may belong to somebody else by now; with the moment it is ours.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from service.embedded.console import StartRefused, say
from service.embedded.folder import write_private
from service.embedded.guardian import end, signal_group

FILE = "children.json"

PROCESSES = Path("/proc")
BOOT = "sys/kernel/random/boot_id"
AFTER_NAME = 19
"""The start time is field 22 of /proc/PID/stat (proc_pid_stat(5)); the name, field 2, may hold
anything and ends with the last parenthesis."""


class Record:
    """The list of this run's children, for whoever starts next."""

    def __init__(self, var: Path) -> None:
        """Write nothing yet."""
        self._file = var / FILE
        self._kept: dict[int, str | None] | None = None

    def keep(self, pids: Iterable[int]) -> None:
        """Have the list hold these leaders of process groups; raises OSError."""
        known = self._kept or {}
        now = {pid: known.get(pid) or started(pid) for pid in pids}
        if now != self._kept:
            write_private(self._file, json.dumps(now) + "\n")
            self._kept = now


def end_orphans(var: Path) -> None:
    """End what an earlier run with this folder has left; the folder's lock must be held.

    Raises StartRefused, with their pids, where it cannot be told whose processes they are.
    """
    file = var / FILE
    left = {pid: moment for pid, moment in _read(file).items() if signal_group(pid, 0)}
    ours = [pid for pid, moment in left.items() if moment and moment == started(pid)]
    if ours:
        say("Ending what an earlier run has left …")
        end(ours)
    # A leader that is there and started at another moment has taken over the number.
    unsure = [pid for pid, moment in left.items() if not (moment and started(pid))]
    unsure = [pid for pid in unsure if pid not in ours and signal_group(pid, 0)]
    if unsure:
        raise StartRefused(
            "Processes of an earlier run may still be there, in the groups "
            f"{', '.join(map(str, unsure))}. Look at each with `pgrep -lg PID`; end those that "
            f"are Netiquette's, remove {file}, and start again."
        )


def started(pid: int) -> str | None:
    """Return when the process started, as no other process did; None where nobody tells.

    In ticks since the boot, which is named as well. macOS has no /proc, so there None.
    """
    with suppress(OSError, IndexError):
        fields = (PROCESSES / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2]
        return f"{(PROCESSES / BOOT).read_text().strip()} {fields.split()[AFTER_NAME]}"
    return None


def _read(file: Path) -> dict[int, str | None]:
    """Return the list; nothing where it is gone or damaged."""
    with suppress(OSError, ValueError, AttributeError):
        content = json.loads(file.read_text())
        return {int(pid): moment for pid, moment in content.items() if int(pid) > 1}
    return {}
