"""The workers' Celery application: its configuration and its tasks.

Only what comes from Celery is here; the work is in modules that know nothing of it.
"""

import threading
from datetime import timedelta
from functools import partial

from celery import Celery, Task

from service.db import Database
from service.domain.vocabulary import Lane
from service.members.blanking import carry_out_erasures
from service.queue import (
    DELIVER_TASK,
    DELIVERY_QUEUE,
    ERASE_TASK,
    SCORE_TASK,
    SWEEP_TASK,
    UPKEEP_QUEUE,
    create_celery,
    nudge,
)
from service.settings import Settings
from service.telemetry.tracing import HEADER, handling
from workers.child import ScoringChild
from workers.delivery.loop import Delivering
from workers.sweeps import sweep

DELIVER_EVERY = timedelta(seconds=1)
"""What is due waits for no longer; a delivery under way looks five times a second."""

LANES = {lane.queue: lane for lane in Lane}


def create_app(settings: Settings) -> Celery:
    """Return the configuration that all workers and the beat share.

    Messages are gone once they are read: they say nothing that the sweep would not
    find out, and a text that kills its worker must not come back by itself.
    """
    app = create_celery(settings.redis_url)
    app.conf.update(
        task_time_limit=settings.time_limit,
        worker_prefetch_multiplier=1,
        # A nudge that lies with a busy worker cannot be answered by an idle one,
        # and a waiting caller's would queue behind one for bulk.
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        beat_scheduler="workers.beat:MemoryScheduler",
        beat_schedule={
            task: {"task": task, "schedule": every, "options": {"queue": queue}}
            for task, every, queue in (
                (SWEEP_TASK, timedelta(seconds=settings.sweep_seconds), UPKEEP_QUEUE),
                (ERASE_TASK, timedelta(seconds=settings.sweep_seconds), UPKEEP_QUEUE),
                (DELIVER_TASK, DELIVER_EVERY, DELIVERY_QUEUE),
            )
        },
    )
    return app


def register_score(app: Celery, child: ScoringChild) -> None:
    """Give the app the task that scores one batch of the lane that its message came in."""

    @app.task(name=SCORE_TASK, bind=True, shared=False)  # type: ignore[untyped-decorator]  # Celery ships no types
    def score(task: Task) -> None:
        queue = task.request.delivery_info["routing_key"]
        with handling(queue, task.request.get(HEADER)):
            child.score(LANES[queue])


def register_delivery(app: Celery, delivering: Delivering) -> None:
    """Give the app the task that delivers to webhook receivers."""

    @app.task(name=DELIVER_TASK, shared=False)  # type: ignore[untyped-decorator]  # Celery ships no types
    def deliver() -> None:
        delivering.run()


def register_upkeep(app: Celery, settings: Settings, database: Database) -> None:
    """Give the app the tasks of the I/O worker."""

    @app.task(name=SWEEP_TASK, shared=False)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_sweep() -> None:
        sweep(database, partial(nudge, app), settings)

    erasing = threading.Lock()

    @app.task(name=ERASE_TASK, shared=False)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_erasures() -> None:
        # One thread at a time: a long erasure must not take them all, one each round.
        if erasing.acquire(blocking=False):
            try:
                carry_out_erasures(database)
            finally:
                erasing.release()
