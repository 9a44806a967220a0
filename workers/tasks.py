"""The Celery tasks. Each looks for work in the database, and returns early if there is none.

Only this module knows Celery's tasks; the work itself is in other modules. `equip` gives the
tasks of a process the objects that they need.
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
    """The objects that the tasks of an I/O worker need."""

    database: Database
    settings: Settings


def equip(app: Celery, work: ScoringChild | Upkeep) -> None:
    """Give the tasks of this process the objects that they need."""
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
    """Run a sweep: nudge missed comments, raise the alarm, number events, delete old rows."""
    upkeep: Upkeep = _work(task)
    run_sweep(upkeep.database, partial(nudge, task.app), upkeep.settings)


@shared_task(name=ERASE_TASK, bind=True)  # type: ignore[untyped-decorator]  # same
def erase(task: Task) -> None:
    """Carry out requested erasures, in one thread at a time.

    Otherwise a long erasure would occupy one more thread in each round, until none is left.
    """
    upkeep: Upkeep = _work(task)
    if _erasing.acquire(blocking=False):
        try:
            carry_out_erasures(upkeep.database)
        finally:
            _erasing.release()
