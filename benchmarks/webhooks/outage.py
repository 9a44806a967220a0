"""What receivers get while everything fails that can: `make webhook-proof`.

Events happen at a steady pace. Three of the endpoints are dead: one's port refuses, one
never answers, one answers 500. On the way the I/O worker is killed twice, and Valkey is
emptied once. Each living endpoint must have every event, in order per comment.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from redis import Redis
from sqlmodel import Session, col, func, select

from benchmarks.redis_down import free_port, process, valkey
from benchmarks.webhooks.rows import add_comment_with_events, add_endpoint
from benchmarks.webhooks.throughput import IO, ask, receiver, worker_settings
from service.db import Database
from service.migrations import migrate
from service.tables import Endpoint, WebhookMessage
from service.testing.rows import SiteRows, add_site

EVENTS = int(os.environ.get("EVENTS", "10000"))
LIVING = 17
REPORTS = 4
"""Per comment, so that it has five events."""

PACE = 14.0
"""Events per second."""

MAX_DUPLICATES = 0.01
PATIENCE = 120.0
"""Seconds after the last event until everything must have arrived."""


@dataclass(frozen=True)
class Trouble:
    """What is done to the installation, by the share of events that have happened."""

    kills: Sequence[float] = (0.3, 0.6)
    flush: float = 0.45


def report() -> None:
    """Run it with and without trouble; ends with an error where a figure is missed."""
    print(
        f"{EVENTS:,} events ({EVENTS // 5:,} without trouble) at {PACE:.0f}/s "
        f"to {LIVING} living endpoints\n\n"
        "| run | deliveries | missing | out of order | duplicates | delay p50 s | p99 s "
        "| longest s |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    whole = {
        "nothing fails": _run(EVENTS // 5, dead=False, trouble=None),
        "3 more are dead": _run(EVENTS // 5, dead=True, trouble=None),
        "3 more are dead; 2 kills, 1 flush": _run(EVENTS, dead=True, trouble=Trouble()),
    }
    for name, arrived in whole.items():
        print(arrived.row(name), flush=True)
    if any(arrived.is_bad for arrived in whole.values()):
        sys.exit("A figure is missed.")


@dataclass(frozen=True)
class Arrived:
    """What the living endpoints have, all together."""

    deliveries: int
    missing: int
    out_of_order: int
    duplicates: int
    delays: Sequence[float]
    """Seconds from each event to its first arrival."""

    @property
    def is_bad(self) -> bool:
        """Whether it is not as promised."""
        return bool(
            self.missing or self.out_of_order or self.duplicates > MAX_DUPLICATES * self.deliveries
        )

    def row(self, name: str) -> str:
        """Return the row of the table."""
        share = 100 * self.duplicates / max(1, self.deliveries)
        return (
            f"| {name} | {self.deliveries:,} | {self.missing} | {self.out_of_order} "
            f"| {self.duplicates} ({share:.2f} %) | {median(self.delays):.2f} "
            f"| {quantiles(self.delays, n=100)[98]:.2f} | {max(self.delays):.2f} |"
        )


def _run(events: int, *, dead: bool, trouble: Trouble | None) -> Arrived:
    with tempfile.TemporaryDirectory() as folder, receiver() as port:
        database = Database(f"sqlite:///{folder}/netiquette.db")
        migrate(database)
        rows = add_site(database)
        with database.write() as session:
            _add_endpoints(session, rows, port, dead=dead)
        with valkey(Path(folder)) as redis:
            settings = worker_settings(str(database.engine.url), redis)
            with (
                process(sys.executable, "-m", "service", "worker", "beat", **settings),
                _worker(settings) as worker,
            ):
                _happen(Scene(database, rows, worker, Redis.from_url(redis)), events, trouble)
                _wait(database)
        log = ask(port, "/log")
        database.dispose()
    return _judge(log, events)


def _add_endpoints(session: Session, rows: SiteRows, port: int, *, dead: bool) -> None:
    paths = [f"http://127.0.0.1:{port}/ok/{place}" for place in range(LIVING)]
    if dead:
        paths += [
            f"http://127.0.0.1:{free_port()}/refused",
            f"http://127.0.0.1:{port}/hang",
            f"http://127.0.0.1:{port}/broken",
        ]
    for path in paths:
        add_endpoint(session, rows, path)


class Worker:
    """An I/O worker that can be killed, and comes back at once."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Start it."""
        self._settings = settings
        self.running = self._start()

    def kill(self) -> None:
        """Kill it in the middle of its work, and start another one."""
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()
        self.running = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *IO],
            env=os.environ | self._settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def _worker(settings: Mapping[str, str]) -> Iterator[Worker]:
    worker = Worker(settings)
    try:
        yield worker
    finally:
        worker.running.terminate()
        worker.running.wait()


@dataclass(frozen=True)
class Scene:
    """What trouble can be made for."""

    database: Database
    rows: SiteRows
    worker: Worker
    redis: Redis


def _happen(scene: Scene, events: int, trouble: Trouble | None) -> None:
    """Let the events happen at their pace, and the trouble in between."""
    per_comment = REPORTS + 1
    comments = events // per_comment
    kills = [int(share * comments) for share in trouble.kills] if trouble else []
    flush = int(trouble.flush * comments) if trouble else None
    began = time.monotonic()
    for place in range(comments):
        with scene.database.write() as session:
            add_comment_with_events(session, scene.rows, REPORTS)
        if place in kills:
            threading.Thread(target=scene.worker.kill).start()
        if place == flush:
            scene.redis.flushall()
        time.sleep(max(0.0, began + place * per_comment / PACE - time.monotonic()))


def _wait(database: Database) -> None:
    """Wait until nothing is queued any more for a living endpoint."""
    deadline = time.monotonic() + PATIENCE
    living = select(Endpoint.id).where(col(Endpoint.url).contains("/ok/"))
    while time.monotonic() < deadline:
        with database.read() as session:
            waiting = session.exec(
                select(func.count())
                .select_from(WebhookMessage)
                .where(col(WebhookMessage.endpoint_id).in_(living))
            ).one()
            behind = session.exec(
                select(func.count())
                .select_from(Endpoint)
                .where(col(Endpoint.url).contains("/ok/"))
                .where(col(Endpoint.lease).is_not(None))
            ).one()
        if not waiting and not behind:
            time.sleep(2)
            return
        time.sleep(0.5)


def _judge(log: Sequence[Any], events: int) -> Arrived:
    """Compare what arrived with what happened."""
    firsts: dict[str, dict[str, float]] = defaultdict(dict)
    order: dict[tuple[str, str], list[int]] = defaultdict(list)
    delays = []
    for path, message, at, payload in log:
        if message in firsts[path]:
            continue
        firsts[path][message] = at
        data = payload["data"]
        order[path, data["comment"]["id"]].append(data["sequence"])
        delays.append(at - datetime.fromisoformat(payload["timestamp"]).timestamp())
    arrived = Counter({path: len(messages) for path, messages in firsts.items()})
    return Arrived(
        deliveries=len(log),
        missing=sum(events - arrived[f"/ok/{place}"] for place in range(LIVING)),
        out_of_order=sum(numbers != sorted(numbers) for numbers in order.values()),
        duplicates=len(log) - sum(arrived.values()),
        delays=delays,
    )
