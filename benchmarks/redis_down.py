"""How much slower POST /v1/comments gets when Redis is away.

Three API processes on three SQLite files run side by side: one with a Valkey
server, one whose Redis port refuses, one whose Redis accepts connections and
never answers. Requests go to each in turn, so noise hits all three alike.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from service.auth.keys import create_key
from service.db import Database
from service.embedded.valkey import Broker
from service.http.callers import Scope
from service.migrations import migrate
from service.sites.use_cases import create_site

REQUESTS = 800
SENDERS = (1, 8)


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def redis_url(port: int) -> str:
    """Return the URL of a Redis on this port."""
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def process(*command: str, **environment: str) -> Iterator[None]:
    """Run a command until the block ends."""
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            yield
        finally:
            running.terminate()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run the embedded default's Valkey server; gives its URL."""
    broker = Broker.choose()
    with process(*broker.spec(folder).command, LC_ALL="C"):
        wait_for(broker.port)
        yield broker.url


@contextmanager
def black_hole() -> Iterator[str]:
    """Accept connections and never say a word; gives the URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield redis_url(server.getsockname()[1])


@contextmanager
def api(folder: Path, name: str, redis: str) -> Iterator[tuple[int, str]]:
    """Run an API process on its own SQLite file; gives its port and a site key."""
    url = f"sqlite:///{folder / name}.db"
    database = Database(url)
    migrate(database)
    with database.write() as session:
        site = create_site(session, "bench", "Bench")
        _, token = create_key(session, site.id, "bench", [Scope.COMMENTS])
    database.dispose()
    port = free_port()
    environment = {
        "NETIQUETTE_DATABASE_URL": url,
        "NETIQUETTE_REDIS_URL": redis,
        "NETIQUETTE_KEY_RATE": "100000/second",
    }
    with process(sys.executable, "-m", "service", "api", "--port", str(port), **environment):
        wait_for(port)
        yield port, token


def wait_for(port: int) -> None:
    """Return once somebody listens on the port, after 20 s at the latest."""
    for _ in range(200):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)


def send(target: tuple[int, str], number: int, connection: http.client.HTTPConnection) -> float:
    """Post one comment; return the seconds it took."""
    body = json.dumps(
        {"thread": {"key": "a"}, "member": {"key": f"m{number}"}, "body": f"Kommentar {number}"}
    )
    headers = {"Authorization": f"Bearer {target[1]}", "Content-Type": "application/json"}
    started = time.perf_counter()
    connection.request("POST", "/v1/comments", body, headers)
    response = connection.getresponse()
    response.read()
    assert response.status == 202, response.status
    return time.perf_counter() - started


def measure(targets: dict[str, tuple[int, str]], senders: int) -> dict[str, list[float]]:
    """Return the seconds of REQUESTS posts to each target, from as many senders at once."""
    times: dict[str, list[float]] = {name: [] for name in targets}

    def work(sender: int) -> None:
        connections = {
            name: http.client.HTTPConnection("127.0.0.1", port)
            for name, (port, _) in targets.items()
        }
        for number in range(REQUESTS // senders):
            for name, target in targets.items():
                times[name].append(send(target, number * senders + sender, connections[name]))

    threads = [threading.Thread(target=work, args=(sender,)) for sender in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def main() -> None:
    """Print p50 and p99 in milliseconds, and the ratios of p99 to that with Redis."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {
            "redis there": stack.enter_context(valkey(folder)),
            "redis refused": redis_url(free_port()),
            "redis black hole": stack.enter_context(black_hole()),
        }
        targets = {
            name: stack.enter_context(api(folder, name.replace(" ", "-"), url))
            for name, url in urls.items()
        }
        for senders in SENDERS:
            measure(targets, senders)
            times = measure(targets, senders)
            normal = quantiles(times["redis there"], n=100)[98]
            print(f"{senders} sender(s), {REQUESTS} comments each")
            for name, seconds in times.items():
                cuts = quantiles(seconds, n=100)
                print(
                    f"  {name:17} p50 {cuts[49] * 1000:6.1f} ms   p99 {cuts[98] * 1000:6.1f} ms"
                    f"   p99 ratio {cuts[98] / normal:.2f}"
                )


if __name__ == "__main__":
    main()
