"""Start, watch and end one child process of the embedded default."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.embedded import json_lines
from service.embedded import log_files as logs
from service.embedded.guardian import Guardian, signal_group

STEADY = 30.0
"""Seconds after which a running child counts as healthy, and its failures are forgotten."""

MAX_PAUSE = 30.0

LAST_WORDS = 1.0
"""Seconds that the rest of what an ended child printed may take into its log."""


@dataclass(frozen=True)
class Spec:
    """How to start a child process.

    `grace` is the time from SIGTERM to SIGKILL, in seconds. A child with `once` has a job to
    finish, and its log is shown on the console, too. What one that is `plain` prints is written
    to its log as JSON lines.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    grace: float
    descriptors: tuple[int, ...] = ()
    once: bool = False
    plain: bool = False


@dataclass
class Child:
    """A child process in a session of its own, so that Ctrl-C reaches only `netiquette up`.

    `up` then ends its children in order.
    """

    spec: Spec
    guardian: Guardian
    failures: int = 0
    done: bool = False
    """Whether the child has finished its job (only with `once`)."""
    _process: subprocess.Popen[bytes] | None = None
    _translator: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _due: float = 0.0
    _heard: int = 0

    def start(self) -> None:
        """Start it; raises OSError if that is impossible, and sets the next start back."""
        try:
            self._process = self._launch()
        except OSError:
            self._set_back()
            raise
        self.guardian.watch(self._process.pid)
        self._started = time.monotonic()

    def _launch(self) -> subprocess.Popen[bytes]:
        with logs.open_log(self.spec.log) as log, ExitStack() as stack:
            self._heard = log.tell()
            output: IO[bytes] = log
            if self.spec.plain:
                self._translator = _translator(self.spec.log.stem, log)
                # Only the child keeps it open, so that the translator ends with it.
                output = stack.enter_context(self._translator.stdin)  # type: ignore[arg-type]  # a pipe
            return subprocess.Popen(  # noqa: S603 - our own programs, no shell
                self.spec.command,
                env=self.spec.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.spec.descriptors,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def died(self) -> int | None:
        """Return the exit code if the process has ended, once; kill the rest of its group.

        The next start is delayed by 1, 2, 4 … seconds, 30 at most, for each failure in a row.
        """
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._clear()
        self.done = self.spec.once and code == 0
        if time.monotonic() - self._started > STEADY:
            self.failures = 0
        self._set_back()
        return code

    def _set_back(self) -> None:
        """Count a failure, and wait before the next start."""
        self.failures += 1
        self._due = time.monotonic() + self.pause

    @property
    def pause(self) -> float:
        """Seconds between the last failure and the next start."""
        return min(2.0 ** (self.failures - 1), MAX_PAUSE)

    @property
    def due(self) -> bool:
        """Whether the process has ended, and should be started again now."""
        return self._process is None and not self.done and time.monotonic() >= self._due

    def heard(self) -> list[str]:
        """Return what it has written to its log since the last call, line by line.

        Raises OSError where the log cannot be read.
        """
        with self.spec.log.open("rb") as log:
            # Somebody, or the limit of a log, may have emptied it.
            self._heard = min(self._heard, log.seek(0, os.SEEK_END))
            log.seek(self._heard)
            lines = log.read().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._heard += sum(map(len, lines))
        return [_words(line.decode(errors="replace").rstrip()) for line in lines]

    def ask_to_end(self) -> None:
        """Send SIGTERM to the leader of the group, which ends its own children in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Kill what is left of the child and its group."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._clear()

    def _clear(self) -> None:
        """Kill what is left of the leader's group, and forget the group."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            self.guardian.forget(self._process.pid)
            self._process = None
        if self._translator is not None:
            # Its input has ended with the group.
            with suppress(subprocess.TimeoutExpired):
                self._translator.wait(LAST_WORDS)
            self._translator.kill()
            self._translator.wait()
            self._translator = None


def command(*arguments: str) -> tuple[str, ...]:
    """Return the command line that runs `netiquette` with these arguments, by this interpreter.

    Python's -P keeps a folder named `service` in the working directory from being imported.
    """
    return (sys.executable, "-P", "-m", "service", *arguments)


def _translator(name: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the program that writes what a child prints to its log as JSON lines."""
    return subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [sys.executable, "-I", "-S", json_lines.__file__, name],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _words(line: str) -> str:
    """Return what a line of a log says to a person."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return line
