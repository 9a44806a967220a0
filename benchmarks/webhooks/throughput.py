"""Deliveries per second of one worker from a full queue, and the naive way beside it."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load.servers import postgres
from benchmarks.redis_down import free_port, process, valkey, wait_for
from benchmarks.webhooks.rows import SECRET_KEY, add_comment_with_events, add_endpoint
from service.db import Database
from service.migrations import migrate
from service.testing.rows import add_site

EVENTS = 2_000
ENDPOINTS = (1, 10)
PATIENCE = 300.0
"""Seconds until everything must have arrived."""

IO = ("-m", "service", "worker", "io")


def report() -> None:
    """Print the table."""
    print(
        f"{EVENTS:,} events in the queue; load before {os.getloadavg()[0]:.1f}\n\n"
        "| database | endpoints | variant | deliveries/s ÷ naive | deliveries/s |\n"
        "|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        names = [f"{kind}{count}" for count in ENDPOINTS for kind in ("naive", "product")]
        with valkey(path) as redis, postgres(path, *names) as urls:
            for name, places in (
                ("sqlite", [f"sqlite:///{path}/{one}.db" for one in names]),
                ("postgres", urls),
            ):
                for place, count in enumerate(ENDPOINTS):
                    _compare(name, places[2 * place : 2 * place + 2], redis, count)


def _compare(database: str, urls: list[str], redis: str, endpoints: int) -> None:
    events = EVENTS // endpoints
    naive = _measure(
        events * endpoints, lambda port: _naive(urls[0], redis, port, endpoints, events)
    )
    ours = _measure(
        events * endpoints, lambda port: _product(urls[1], redis, port, endpoints, events)
    )
    for variant, rate in (("naive", naive), ("product", ours)):
        print(
            f"| {database} | {endpoints} | {variant} | {rate / naive:.2f} | {rate:.0f} |",
            flush=True,
        )


def _measure(expected: int, work: Callable[[int], AbstractContextManager[None]]) -> float:
    """Return deliveries per second, from the first arrival to the last."""
    with receiver() as port, work(port):
        deadline = time.monotonic() + PATIENCE
        while (seen := ask(port, "/seen"))["count"] < expected:
            assert time.monotonic() < deadline, f"{seen['count']} of {expected} arrived"
            time.sleep(0.5)
    rate: float = expected / (seen["last"] - seen["first"])
    return rate


@contextmanager
def receiver() -> Iterator[int]:
    """Run a receiver of its own; gives its port."""
    port = free_port()
    with process(sys.executable, "-m", "benchmarks.webhooks.receiver", str(port)):
        wait_for(port)
        yield port


def ask(port: int, path: str) -> Any:
    """Return what the receiver tells."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    with connection.getresponse() as response:
        return json.loads(response.read())


def worker_settings(url: str, redis: str) -> dict[str, str]:
    """Return the environment of an I/O worker that may deliver to this machine."""
    return {
        "NETIQUETTE_DATABASE_URL": url,
        "NETIQUETTE_REDIS_URL": redis,
        "NETIQUETTE_SECRET_KEY": SECRET_KEY,
        "NETIQUETTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }


@contextmanager
def _product(url: str, redis: str, port: int, endpoints: int, events: int) -> Iterator[None]:
    database = Database(url)
    migrate(database)
    rows = add_site(database)
    with database.write() as session:
        for place in range(endpoints):
            add_endpoint(session, rows, f"http://127.0.0.1:{port}/ok/{place}")
        for _ in range(events // 5):
            add_comment_with_events(session, rows, reports=4)
    database.dispose()
    settings = worker_settings(url, redis)
    with (
        process(sys.executable, *IO, **settings),
        process(sys.executable, "-m", "service", "worker", "beat", **settings),
    ):
        yield


@contextmanager
def _naive(url: str, redis: str, port: int, endpoints: int, events: int) -> Iterator[None]:
    environment = {"NAIVE_DATABASE_URL": url, "NAIVE_REDIS_URL": redis}
    naive = (sys.executable, "-m", "benchmarks.webhooks.naive")
    numbers = [str(number) for number in (port, endpoints, events)]
    subprocess.run([*naive, "fill", *numbers], env=os.environ | environment, check=True)  # noqa: S603 - our own
    with process(*naive, "worker", **environment):
        yield
