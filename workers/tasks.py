"""The tasks. Each looks at the database for work, and returns early when there is none.

Only what comes from Celery is here; the work is in modules that know nothing of it. A
worker process is given what its tasks work with by `equip`.
"""

import threading
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import Celery, Task, shared_task

from service.db import Database
from service.domain.vocabulary import Lane
from service.nudges import ERASE_TASK, SCORE_TASK, SWEEP_TASK, nudge
from service.settings import Settings
from service.telemetry.tracing import HEADER, handling
from workers.erasing import carry_out_erasures
from workers.scoring.child import ScoringChild
from workers.sweeps import run_sweep

_erasing = threading.Lock()


@dataclass(frozen=True)
class Upkeep:
    """What the tasks of an I/O worker work with."""

    database: Database
    settings: Settings


def equip(app: Celery, work: ScoringChild | Upkeep) -> None:
    """Give the tasks of this process what they work with."""
    app.work = work


def _work(task: Task) -> Any:
    return task.app.work


@shared_task(name=SCORE_TASK, bind=True)  # type: ignore[untyped-decorator]  # Celery ships no types
def score(task: Task, lane: str) -> None:
    """Score one batch of the lane ("waiting", "comments", "bulk"), or of a more urgent one."""
    nudged = Lane[lane.upper()]
    child: ScoringChild = _work(task)
    with handling(nudged.queue, task.request.get(HEADER)):
        child.score(nudged)


@shared_task(name=SWEEP_TASK, bind=True)  # type: ignore[untyped-decorator]  # same
def sweep(task: Task) -> None:
    """Nudge what was missed, raise the alarm on age, number events, delete what is old."""
    upkeep: Upkeep = _work(task)
    run_sweep(upkeep.database, partial(nudge, task.app), upkeep.settings)


@shared_task(name=ERASE_TASK, bind=True)  # type: ignore[untyped-decorator]  # same
def erase(task: Task) -> None:
    """Carry out requested erasures.

    One thread at a time: a long erasure must not take them all, one each round.
    """
    upkeep: Upkeep = _work(task)
    if _erasing.acquire(blocking=False):
        try:
            carry_out_erasures(upkeep.database)
        finally:
            _erasing.release()
