"""A whole installation as processes of their own: API, workers, beat and broker."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from service.db import Database
from service.migrations import migrate
from service.testing.rows import add_site
from tests.support.stack import FAKE_WORKER, Stack, Valkey, Worker, wait_until

HIGH = "999999/second"

ROOT = Path(__file__).parents[2]

WORKERS = dict.fromkeys(("score", "io", "beat"), FAKE_WORKER)


@contextmanager
def installed(database_url: str, folder: Path) -> Iterator[Stack]:
    """Give a site on a migrated database, with a broker and no limits; nothing is started."""
    database = Database(database_url)
    migrate(database)
    models = folder / "models"
    models.mkdir(parents=True)
    (models / "fake").touch()
    valkey = Valkey(folder / "valkey")
    rates = {f"NETIQUETTE_{kind}_RATE": HIGH for kind in ("KEY", "MEMBER", "REPORT")}
    addresses = {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": valkey.url,
        "NETIQUETTE_MODELS_DIR": str(models),
        "NETIQUETTE_SECRET_KEY": "only-for-tests-" * 3,
        # Workers of tests are programs that import from the tests.
        "PYTHONPATH": str(ROOT),
    }
    stack = Stack(database, valkey, folder, os.environ | rates | addresses, add_site(database))
    try:
        yield stack
    finally:
        stack.close()
        database.dispose()
        valkey.kill()


@contextmanager
def running(stack: Stack, *prefix: str, workers: Mapping[str, Path] = WORKERS) -> Iterator[str]:
    """Run everything until the block ends; give the API's address once it is ready.

    All of it has to end in order.
    """
    with started(stack, *prefix, workers=workers) as url:
        wait_until(lambda: requests.get(f"{url}/readyz", timeout=60).status_code == 200, 60)
        yield url
        for worker in stack.workers:
            assert worker.process.poll() is None, f"{worker.log.name}: ended before its time"
            worker.end()


@contextmanager
def started(stack: Stack, *prefix: str, workers: Mapping[str, Path] = WORKERS) -> Iterator[str]:
    """Start everything, `prefix` before each program; give the API's address.

    `workers` names the kinds of worker to start, and the program that runs each.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = listener.fileno()
        _start(stack, "api", [*prefix, "-m", "service", "api", "--fd", str(fd)], fd)
        for kind, program in workers.items():
            _start(stack, kind, [*prefix, str(program), kind])
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _start(stack: Stack, name: str, arguments: Sequence[str], *fds: int) -> None:
    """Start a program of ours; its log is the stack's, as a worker's."""
    log = stack.folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=stack.environment,
            pass_fds=fds,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    stack.workers.append(Worker(process, log))
