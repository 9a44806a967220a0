"""The whole process tree of one installation, as the operating system shows it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.faults.plan import PROCESSES
from tests.faults.proxy import Proxy
from tests.faults.steps import Offset

REPOSITORY = Path(__file__).parents[2]
WORDS = {
    "api": "process api",
    "score": "process worker score",
    "io": "process worker io",
    "valkey": "valkey-server",
    "guardian": "guardian.py",
}
SHORT = {
    "NETIQUETTE_TIME_LIMIT": "2",
    "NETIQUETTE_LEASE_SECONDS": "4",
    "NETIQUETTE_SWEEP_SECONDS": "0.5",
    "NETIQUETTE_BATCH_SIZE": "4",
    "NETIQUETTE_MEMBER_RATE": "9999/second",
}
BUNDLED = {"NETIQUETTE_MODELS_DIR": str(REPOSITORY / ".cache" / "models")}


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Tree:
    """`netiquette up` with its children; somebody starts it again when it dies."""

    def __init__(self, folder: Path, database_url: str | None, *, bundled: bool) -> None:
        """Start nothing yet; `database_url`: Postgres instead of a file."""
        self.var = folder / "var"
        self.removed = folder / "removed logs"
        """Hard links to logs that a fault has removed: their text is looked at, too."""
        self.model = folder / "models" / "fake"
        self.model.parent.mkdir()
        self.model.write_text("first")
        self.clock = Offset(folder / "clock")
        valkey_port = free_port()
        self.proxy = Proxy(valkey_port)
        self.password = secrets.token_urlsafe(12)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.broker_url = f"redis://:{self.password}@127.0.0.1:{valkey_port}/0"
        self.database_url = database_url or f"sqlite:///{self.var / 'netiquette.db'}"
        self._console = folder / "console.txt"
        self._environment = os.environ | {
            "PORT": self.url.rpartition(":")[2],
            "NETIQUETTE_VAR_DIR": str(self.var),
            "NETIQUETTE_MODELS_DIR": str(self.model.parent),
            "FAULTS_CLOCK": str(folder / "clock"),
            "FAULTS_PROXY_PORT": str(self.proxy.port),
            "FAULTS_VALKEY_PORT": str(valkey_port),
            "FAULTS_PASSWORD": self.password,
            "FAULTS_DATABASE_URL": database_url or "",
        }
        self._environment |= {"FAULTS_ENGINE": "bundled"} | BUNDLED if bundled else SHORT
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start it if it does not run, as systemd would."""
        if self._process is None or self._process.poll() is not None:
            with self._console.open("ab") as console:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.up"],
                    cwd=REPOSITORY,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                )

    def rest(self, seconds: float) -> None:
        """Let time pass, and tend it meanwhile."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Tend it until the condition holds, for so long at most; tell whether it does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(0.05)
        return True

    def find(self, name: str) -> list[psutil.Process]:
        """Return the processes of that name, none if it has died."""
        with suppress(psutil.NoSuchProcess):
            up = psutil.Process(self._process.pid) if self._process else None
            if up is None or name == "up":
                return [up] if up else []
            if name in {"score child", "score children"}:
                return [child for score in self.find("score") for child in score.children()]
            return [child for child in up.children() if WORDS[name] in " ".join(child.cmdline())]
        return []

    def signal(self, name: str, number: signal.Signals) -> list[psutil.Process]:
        """Send a signal to what has that name now; returns whom it was sent to."""
        hit = self.find(name) if name == "score children" else self.find(name)[:1]
        for process in hit:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        return hit

    def processes(self) -> list[psutil.Process]:
        """Return all of its processes."""
        return [process for name in PROCESSES for process in self.find(name)]

    def missing(self) -> list[str]:
        """Return the names of which nothing runs."""
        return [name for name in PROCESSES if not self.find(name)]

    def is_whole(self) -> bool:
        """Tell whether every process is there and the service is ready, with nothing amiss."""
        if self.missing():
            return False
        ready = self.readiness()
        return ready is not None and not ready["degraded"]

    def readiness(self) -> dict[str, Any] | None:
        """Return what `/readyz` says; None where it does not say that comments are accepted."""
        try:
            ready = httpx2.get(f"{self.url}/readyz", timeout=5, trust_env=False)
        except httpx2.HTTPError:
            return None
        found: dict[str, Any] | None = ready.json() if ready.status_code == 200 else None
        return found

    def said(self) -> str:
        """Return everything that its processes have written."""
        files = [self._console, *sorted(self.var.glob("log/*")), *sorted(self.removed.glob("*"))]
        return "\n".join(f"--- {file.name}\n{file.read_text('utf-8', 'replace')}" for file in files)

    def close(self) -> int | None:
        """End it in order; returns its exit code."""
        self.proxy.close()
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


@contextmanager
def tree(folder: Path, database_url: str | None, *, bundled: bool) -> Iterator[Tree]:
    """Run a tree until the block ends."""
    running = Tree(folder, database_url, bundled=bundled)
    try:
        yield running
    finally:
        running.close()
