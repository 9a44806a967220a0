"""The beat: a schedule in memory, so that it needs no folder to write to."""

import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler

from service.nudges import publish

log = structlog.get_logger(__name__)


class MemoryScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Sends each task at its interval, but adds nothing to a queue that nobody reads.

    Celery's own tick goes by the wall clock: set back by an hour, it would send
    nothing for an hour, and nobody would find what was missed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Have everything due at once."""
        self._due: dict[str, float] = {}
        super().__init__(*arguments, **options)

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due; return the seconds until the next task is."""
        for name, entry in self.schedule.items():
            if time.monotonic() >= self._due.get(name, 0.0):
                self.apply_entry(entry)
                self._due[name] = time.monotonic() + entry.schedule.run_every.total_seconds()
        return max(0.0, min(self._due.values()) - time.monotonic())

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ARG002 - Celery's signature
        """Send a due task; when the broker is away, the next round tries again."""
        try:
            publish(self.app, entry.task, entry.options["queue"])
        except Exception as error:  # noqa: BLE001 - kombu raises whatever its transport raises
            log.warning("beat_failed", task=entry.task, error=type(error).__name__)
