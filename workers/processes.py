"""Run the three kinds of worker process: scoring, I/O and the beat."""

import logging
import math
import os
import signal
import socket
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.beat import EmbeddedService

from service.db import Database
from service.descriptors import raise_limit
from service.domain.vocabulary import Lane
from service.nudges import UPKEEP_QUEUE, create_celery, nudge, publish_nudge
from service.settings import Settings
from service.telemetry.exposition import serve_metrics
from service.telemetry.tracing import start_tracing, stop_tracing
from workers.app import create_app
from workers.beat import MemoryScheduler
from workers.delivery.loop import Delivering
from workers.scoring.batch import Scoring
from workers.scoring.child import Loader, ScoringChild
from workers.scoring.pulse import Pulse
from workers.scoring.watchdog import Watchdog
from workers.tasks import Upkeep, equip

FINISH_SECONDS = 1.5
"""Seconds that a batch may go on after the worker was told to end. Then it is given back."""

EXIT_STUCK = os.EX_SOFTWARE
"""Exit code of a scoring worker that its watchdog ended."""

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""File of a container's CPU limit (cgroup v2): microseconds per period or `max`, and the period."""

CHATTY = ("celery.worker.strategy", "celery.app.trace")
"""Loggers that log each message at INFO."""


def run_scoring(settings: Settings, load: Loader, concurrency: int) -> int:
    """Run a scoring worker with `concurrency` child processes; return its exit code."""
    threads = max(1, _cores() // concurrency)
    raise_limit()
    # Before anybody imports a library that reads them.
    os.environ |= {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
    app = create_app(settings)
    scoring = Scoring(Database(settings.database_url), settings, partial(nudge, app))
    pulse = Pulse()
    child = ScoringChild(scoring, load, threads, pulse)
    equip(app, child)
    parent = os.getpid()

    def start(**_: Any) -> None:
        start_tracing("score")
        child.start(parent)

    def stop(**_: Any) -> None:
        child.stop()
        stop_tracing()

    signals.worker_process_init.connect(start, weak=False)
    signals.worker_process_shutdown.connect(stop, weak=False)
    serve_metrics(settings)
    worker = _worker(app, "prefork", concurrency, [lane.queue for lane in Lane])
    Watchdog(
        Database(settings.database_url, pool_size=1),
        settings,
        pulse,
        partial(_nudge_apart, settings.redis_url),
        partial(_end_hard, worker),
    ).start()
    return _run(worker)


def run_io(settings: Settings, concurrency: int, *, with_beat: bool = False) -> int:
    """Run an I/O worker with `concurrency` threads; return its exit code.

    Deliveries run in a thread of their own, also while the broker is away. So does the beat,
    if `with_beat` is set.
    """
    raise_limit()
    app = create_app(settings)
    database = Database(settings.database_url)
    equip(app, Upkeep(database, settings))
    delivering = Delivering(database, settings)
    thread = threading.Thread(target=delivering.run_until_stopped, name="delivery", daemon=True)
    signals.worker_shutting_down.connect(lambda **_: delivering.stop(), weak=False)
    serve_metrics(settings)
    thread.start()
    if with_beat:
        # It ends with the process, since it has nothing to finish.
        beat_thread(app).start()
    try:
        return _run(_worker(app, "threads", concurrency, [UPKEEP_QUEUE]))
    finally:
        delivering.stop()
        thread.join(FINISH_SECONDS + 1)


def beat_thread(app: Celery) -> threading.Thread:
    """Return a thread that sends the periodic tasks, with the same scheduler as `run_beat`.

    Celery's default for such a thread would keep its schedule in a file of the current folder.
    """
    thread: threading.Thread = EmbeddedService(app, thread=True, scheduler_cls=MemoryScheduler)
    return thread


def run_beat(settings: Settings) -> None:
    """Run the beat, which sends the periodic tasks, until it is told to end."""
    _keep_logging()
    create_app(settings).Beat(quiet=True).run()


def _worker(app: Celery, pool: str, concurrency: int, queues: list[str]) -> Any:
    _keep_logging()
    return app.Worker(
        pool=pool,
        concurrency=concurrency,
        queues=queues,
        hostname=f"{queues[0].partition('.')[0]}-{os.getpid()}@{socket.gethostname()}",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )


def _run(worker: Any) -> int:
    def hurry(**_: Any) -> None:
        timer = threading.Timer(FINISH_SECONDS, _end_children, [worker])
        timer.daemon = True
        timer.start()

    signals.worker_shutting_down.connect(hurry, weak=False)
    worker.start()
    return int(worker.exitcode or 0)


def _end_children(worker: Any) -> None:
    """Send SIGTERM to the children, which then give their batch back; Celery would only wait."""
    for pid in worker.pool.info.get("processes", ()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _end_hard(worker: Any) -> None:
    """End this process and its children, whatever they are stuck in."""
    try:
        # They would notice that their parent is gone, but not while they are stopped.
        for pid in worker.pool.info.get("processes", ()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    finally:
        os._exit(EXIT_STUCK)


def _nudge_apart(redis_url: str, lane: Lane) -> None:
    """Nudge on a connection of its own, which no child inherits; raises when the broker is away."""
    with create_celery(redis_url) as app:
        publish_nudge(app, lane)


def _keep_logging() -> None:
    """Keep Celery from configuring logging, and from logging each nudge."""
    signals.setup_logging.connect(_leave_alone, weak=False)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _leave_alone(**_: Any) -> None:
    """Do nothing: a receiver of the signal is enough to keep Celery from configuring logging."""


def _cores(quota: Path = CGROUP_QUOTA) -> int:
    """Return the number of cores that this process may use, by a container's limit, too."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    # In a container with a limit all cores are visible. With a thread on each, the quota
    # would soon be used up, and all threads would stop for the rest of the period.
    with suppress(OSError, ValueError):
        share, period = map(int, quota.read_text().split())
        cores = min(cores, math.ceil(share / period))
    return max(1, cores)
