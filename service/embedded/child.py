"""One child process of the embedded default: start, watch, end."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.embedded import log_files as logs
from service.embedded.guardian import Guardian, signal_group

STEADY = 30.0
"""Seconds of life after which a child counts as well, and its failures are forgotten."""

MAX_PAUSE = 30.0


@dataclass(frozen=True)
class Spec:
    """How to start a child.

    `grace`: seconds from SIGTERM to SIGKILL. `once`: it has a job to finish; what
    it writes to its log is told on the console too.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    grace: float
    descriptors: tuple[int, ...] = ()
    once: bool = False


@dataclass
class Child:
    """A child in its own session, so that Ctrl-C reaches only `up`, which ends it in order."""

    spec: Spec
    guardian: Guardian
    failures: int = 0
    done: bool = False
    """Whether its one job is finished."""
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _due: float = 0.0
    _heard: int = 0

    def start(self) -> None:
        """Start it; raises OSError if that is impossible."""
        logs.bound(self.spec.log)
        with logs.open_log(self.spec.log) as log:
            self._heard = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                self.spec.command,
                env=self.spec.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.spec.descriptors,
                start_new_session=True,
            )
        self.guardian.watch(self._process.pid)
        self._started = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    def died(self) -> int | None:
        """Return the exit code of a child found dead, once; its group is cleaned up.

        The next start is set back: 1, 2, 4 … seconds, 30 at most, from the first
        of a row of failures on.
        """
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._clear()
        self.done = self.spec.once and code == 0
        if time.monotonic() - self._started > STEADY:
            self.failures = 0
        self.failures += 1
        self._due = time.monotonic() + self.pause
        return code

    @property
    def pause(self) -> float:
        """Seconds between the last failure and the next start."""
        return min(2.0 ** (self.failures - 1), MAX_PAUSE)

    @property
    def due(self) -> bool:
        """Whether it is dead and should be started again."""
        return self._process is None and not self.done and time.monotonic() >= self._due

    def heard(self) -> list[str]:
        """Return the lines that it has written to its log since the last call."""
        with self.spec.log.open("rb") as log:
            log.seek(self._heard)
            lines = log.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._heard += sum(map(len, lines))
        return [line.decode(errors="replace").rstrip() for line in lines]

    def ask_to_end(self) -> None:
        """Send SIGTERM to the leader: it knows best how to end its own children."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Kill whatever is left of it."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._clear()

    def _clear(self) -> None:
        """Kill what the leader has left behind, and forget its number."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            self.guardian.forget(self._process.pid)
            self._process = None


def command(*arguments: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands, by this very interpreter.

    -P: a folder named `service` where the person stands must not come first.
    """
    return (sys.executable, "-P", "-m", "service", *arguments)
