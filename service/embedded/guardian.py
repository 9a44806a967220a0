"""The guardian: ends the children of `netiquette up`, should that die without doing so.

It holds the reading end of a pipe from `up`. The pipe closes however `up` died,
SIGKILL included, on Linux and macOS alike; what was still registered is then
ended. The guardian runs this file by its path, isolated, so that it starts in
milliseconds and takes a few megabytes: nothing but the standard library here.
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
    """The side of `up`: starts the guardian and tells it whom to watch."""

    def __init__(self, keep: tuple[int, ...] = ()) -> None:
        """Start it; `keep` are descriptors that stay open until it has finished (the lock)."""
        self._keep = keep
        self._watched: dict[int, None] = {}
        self._process = self._start()

    def watch(self, pid: int) -> None:
        """Register the leader of a process group."""
        self._watched[pid] = None
        self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """Take a group off the list that has ended: its number may be given to others."""
        self._watched.pop(pid, None)
        self._tell(f"-{pid}\n")

    def tend(self) -> None:
        """Start the guardian anew if somebody has ended it."""
        if self._process.poll() is not None:
            self._process.communicate()
            self._process = self._start()
            for pid in self._watched:
                self._tell(f"+{pid}\n")

    def close(self) -> None:
        """Close the pipe: the guardian ends what is still registered, then itself."""
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
        # A guardian that has died is replaced by tend(), with the whole list.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), line.encode())  # type: ignore[union-attr]  # started with a pipe


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to a process group (0 asks only); tell whether the group exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group that holds only zombies.
        return False
    return True


def end(groups: Iterable[int], grace: float = GRACE) -> None:
    """Ask the leaders to end; whatever is left of their groups after `grace` s is killed."""
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
    """Read `+pid` and `-pid` lines until the pipe closes, then end what is registered."""
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
