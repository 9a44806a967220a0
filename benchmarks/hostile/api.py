"""Runs the metered API, and reads its pauses and its memory. Linux only: it reads /proc."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.load.servers import NO_LIMIT
from benchmarks.redis_down import free_port, wait_for

FORGET_PEAK = "5"
"""What resets VmHWM when it is written into `clear_refs` (proc_pid_clear_refs(5))."""


class Api:
    """The running process."""

    def __init__(self, port: int, running: subprocess.Popen[str]) -> None:
        """Begin to read the pauses of `running`, which listens on `port`."""
        self.port = port
        self._proc = Path("/proc", str(running.pid))
        self._pauses: list[tuple[float, float]] = []
        threading.Thread(target=self._read, args=(running.stdout,), daemon=True).start()

    def longest_pause(self, since: float) -> float:
        """Return the milliseconds of the longest pause that ended since then (`perf_counter`)."""
        return max((pause for end, pause in self._pauses if end > since), default=0.0) * 1000

    def resident(self) -> float:
        """Return the memory that the process has now, in MB."""
        return self._megabytes("VmRSS")

    def peak(self) -> float:
        """Return the most memory since `forget_peak`, in MB."""
        return self._megabytes("VmHWM")

    def forget_peak(self) -> None:
        """Let the peak be what the process has now."""
        (self._proc / "clear_refs").write_text(FORGET_PEAK)

    def _megabytes(self, name: str) -> float:
        found = re.search(rf"{name}:\s+(\d+) kB", (self._proc / "status").read_text())
        assert found
        return int(found[1]) * 1024 / 1e6

    def _read(self, lines: Iterator[str]) -> None:
        # The stream is closed under this thread when the process ends.
        with suppress(ValueError):
            for line in lines:
                end, pause = map(float, line.split())
                self._pauses.append((end, pause))


@contextmanager
def running(url: str, redis: str) -> Iterator[Api]:
    """Run the API on this database until the block ends."""
    port = free_port()
    environment = {
        "NETIQUETTE_DATABASE_URL": url,
        "NETIQUETTE_REDIS_URL": redis,
        "NETIQUETTE_MEMBER_RATE": NO_LIMIT,
        "NETIQUETTE_REPORT_RATE": NO_LIMIT,
    }
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.hostile.metered", str(port)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            wait_for(port)
            yield Api(port, process)
        finally:
            process.terminate()
