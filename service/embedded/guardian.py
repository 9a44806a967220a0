"""The guardian: a process that ends the children of `netiquette up` if `up` dies without doing so.

It holds the reading end of a pipe from `up`. The pipe closes however `up` dies, even by
SIGKILL, on Linux and macOS alike. The guardian then ends all registered process groups.
It runs this file by its path and isolated, so that it starts in milliseconds and takes a
few megabytes. So this module imports only the standard library.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

GRACE = 4.0
"""Seconds from SIGTERM to SIGKILL."""


class Guardian:
    """The side of `up`: starts the guardian and tells it which process groups to watch."""

    def __init__(self, keep: tuple[int, ...] = ()) -> None:
        """Start the guardian; it keeps the descriptors `keep` (the lock) open until it ends."""
        self._keep = keep
        self._watched: dict[int, None] = {}
        self._process = self._start()

    def watch(self, pid: int) -> None:
        """Register a process group by the id of its leader."""
        self._watched[pid] = None
        self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """Take a group that has ended off the list, since its id may be used again."""
        self._watched.pop(pid, None)
        self._tell(f"-{pid}\n")

    @property
    def watched(self) -> tuple[int, ...]:
        """The leaders that are registered."""
        return tuple(self._watched)

    @property
    def alive(self) -> bool:
        """Whether nobody has ended it."""
        return self._process.poll() is None

    def tend(self) -> None:
        """Start the guardian anew if somebody has ended it; raises OSError if it cannot be."""
        if not self.alive:
            self._process.communicate()
            self._process = self._start()
            for pid in self._watched:
                self._tell(f"+{pid}\n")

    def close(self) -> None:
        """Close the pipe: the guardian ends the groups that are still registered, then itself."""
        self._process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=self._keep,
            start_new_session=True,
        )

    def _tell(self, line: str) -> None:
        # A guardian that has died is replaced by tend(), with the whole list. ValueError:
        # its pipe is closed already, and no new one could be started yet.
        with contextlib.suppress(OSError, ValueError):
            os.write(self._process.stdin.fileno(), line.encode())  # type: ignore[union-attr]  # started with a pipe


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to a process group (0 sends none); tell whether the group exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group that holds only zombies.
        return False
    return True


def end(groups: Iterable[int], grace: float = GRACE) -> None:
    """Send SIGTERM to the leaders, and SIGKILL to the groups that exist after `grace` seconds."""
    left = list(groups)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [pid for pid in left if signal_group(pid, 0)]
    for pid in left:
        signal_group(pid, signal.SIGKILL)


def main() -> None:
    """Read lines `+pid` and `-pid` until the pipe closes, then end the registered groups."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, None] = {}
    for line in sys.stdin:
        pid = int(line[1:])
        if line.startswith("+"):
            watched[pid] = None
        else:
            watched.pop(pid, None)
    end(watched)


if __name__ == "__main__":
    main()
