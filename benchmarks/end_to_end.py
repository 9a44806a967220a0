"""From accept to decided, and where the time goes: 2,000 comments over the API.

For the active model, with one scoring process on all cores and with one process per
core, and for the shape of XLM-R base with random weights. The engine's share is that of
the scoring processes' time by the clock; beside it stand the CPU seconds by process.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from sqlmodel import func, select

from benchmarks.engine import comments, xlm_r_base
from benchmarks.load.deciding import Service
from benchmarks.load.sending import comment
from benchmarks.load.servers import product, site_key
from benchmarks.redis_down import process, valkey
from service.db import Database
from service.settings import settings
from service.tables import Assessment
from tests.support.stack import wait_until
from workers.models import parity
from workers.models.build import build
from workers.models.chosen import scorers
from workers.models.registry import find

BATCH = 500
PATIENCE = 900.0
"""Seconds until all must be decided."""

Seconds = dict[str, float]
ROLES = ("scoring", "celery", "api", "io", "beat", "valkey")


@contextmanager
def service(folder: Path, model: str, children: int) -> Iterator[Service]:
    """Run everything on SQLite with so many scoring processes, until the block ends."""
    url = f"sqlite:///{folder / 'netiquette.db'}"
    key = site_key(url)
    database = Database(url)
    with ExitStack() as stack:
        redis = stack.enter_context(valkey(folder))
        port = stack.enter_context(product(url, redis))
        environment = {
            "NETIQUETTE_DATABASE_URL": url,
            "NETIQUETTE_REDIS_URL": redis,
            "NETIQUETTE_MODEL": model,
            "NETIQUETTE_MODELS_DIR": str(settings().models_dir.absolute()),
        }
        scoring = ("score", "--concurrency", str(children))
        for worker in (scoring, ("io",), ("beat",)):
            command = (sys.executable, "-m", "service", "worker", *worker)
            stack.enter_context(process(*command, **environment))
        wait_until(lambda: scorers(database).total() == children, 60)
        yield Service(port, key, database)
    database.dispose()


def words(text: str) -> int:
    """Return about how many tokens a text has."""
    return round(len(text.split()) * 1.5)


def measure(model: str, texts: list[str], children: int) -> None:
    """Print one row."""
    with (
        tempfile.TemporaryDirectory() as folder,
        service(Path(folder), model, children) as running,
    ):
        items = [comment(number) | {"body": body} for number, body in enumerate(texts)]
        before = cpu_seconds()
        started = time.monotonic()
        running.post_batches(items, BATCH)
        accepted = time.monotonic() - started
        wait_until(lambda: not running.pending(), PATIENCE)
        seconds = time.monotonic() - started
        spent = {role: used - before.get(role, 0.0) for role, used in cpu_seconds().items()}
        with running.database.read() as session:
            engine = session.exec(select(func.sum(Assessment.duration))).one()
        cells = " | ".join(f"{spent.get(role, 0.0):.1f}" for role in ROLES)
        print(
            f"| {Path(model).name} | {children} | {len(texts) / seconds:.0f} | {accepted:.1f} |"
            f" {engine / (seconds * children):.0%} | {cells} | {memory()} |",
            flush=True,
        )


def roles() -> Iterator[tuple[str, psutil.Process]]:
    """Give each process of the service by what it does."""
    for child in psutil.Process().children():
        command = " ".join(child.cmdline())
        if "worker score" in command:
            yield "celery", child
            yield from (("scoring", grandchild) for grandchild in child.children())
        else:
            known = ("worker io", "worker beat", "service api", "valkey")
            role = next((name for name in known if name in command), "")
            yield role.split()[-1] if role else "unknown", child


def cpu_seconds() -> Seconds:
    """Return the CPU seconds that each role has used so far."""
    used: Seconds = {}
    for role, running in roles():
        times = running.cpu_times()
        used[role] = used.get(role, 0.0) + times.user + times.system
    return used


def memory() -> str:
    """Return what the scoring worker takes, parent included, in MB; shared pages count once."""
    pages = [p.memory_full_info().pss for role, p in roles() if role in {"celery", "scoring"}]
    return f"{sum(pages) / 1e6:.0f}"


def main() -> None:
    """Print everything as Markdown."""
    active = find(settings().model, settings().models_dir)
    build(active, print)
    texts = comments(2000, words)
    cores = len(os.sched_getaffinity(0))
    print(
        "| model | scoring processes | comments/s | all accepted after s | engine's share |"
        " CPU s: scoring | their parent | API | I/O | beat | Valkey | worker MB |"
    )
    print("|---|" + "---|" * 11)
    measure(active.manifest.name, texts, 1)
    measure(active.manifest.name, texts, cores)
    with tempfile.TemporaryDirectory() as scratch:
        # The proof is not what is measured here, and takes long for a network of this size.
        few = parity.texts()[:40]
        parity.texts = lambda: few
        os.environ["NETIQUETTE_MODELS_DIR"] = scratch
        settings.cache_clear()
        large = xlm_r_base(Path(scratch) / "xlm-r", active.folder)
        print(f"xlm-r serves as {build(large, lambda _step: None)['form']}", file=sys.stderr)
        measure(str(large.folder), texts[:300], 1)


if __name__ == "__main__":
    main()
