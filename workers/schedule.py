"""Which task is due how often. The beat sends each at its interval (`workers.beat`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from service.nudges import ERASE_TASK, SWEEP_TASK, UPKEEP_QUEUE
from service.settings import Settings


def schedule(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    """Return Celery's `beat_schedule`."""
    sweeping = timedelta(seconds=settings.sweep_seconds)
    intervals = {SWEEP_TASK: sweeping, ERASE_TASK: sweeping}
    return {
        task: {"task": task, "schedule": interval, "options": {"queue": UPKEEP_QUEUE}}
        for task, interval in intervals.items()
    }
