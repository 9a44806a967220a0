"""The beat, which sends periodic tasks. Its schedule is in memory, so it needs no folder."""

import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler

from service.nudges import publish

log = structlog.get_logger(__name__)


class MemoryScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Sends each task at its interval, unless enough messages wait unread in its queue.

    It goes by the monotonic clock. Celery's own scheduler goes by the wall clock: when that
    is set back by an hour, it would send nothing for an hour, and no sweep would find what
    was missed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Start with all tasks due."""
        self._due: dict[str, float] = {}
        super().__init__(*arguments, **options)

    def tick(self, *_: Any, **__: Any) -> float:
        """Send the tasks that are due; return the seconds until the next one is."""
        for name, entry in self.schedule.items():
            if time.monotonic() >= self._due.get(name, 0.0):
                self.apply_entry(entry)
                self._due[name] = time.monotonic() + entry.schedule.run_every.total_seconds()
        return max(0.0, min(self._due.values()) - time.monotonic())

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ARG002 - Celery's signature
        """Send a task; if the broker is away, only log it, since the next interval tries again."""
        try:
            publish(self.app, entry.task, entry.options["queue"])
        except Exception as error:  # noqa: BLE001 - kombu raises whatever its transport raises
            log.warning("beat_failed", task=entry.task, error=type(error).__name__)
