"""The beat: a schedule in memory, so that it needs no folder to write to."""

from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler

from service.queue import publish

log = structlog.get_logger(__name__)


class MemoryScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Celery's own scheduler, but it adds nothing to a queue that nobody reads."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ARG002 - Celery's signature
        """Send a due task; when the broker is away, the next round tries again."""
        try:
            publish(self.app, entry.task, entry.options["queue"])
        except Exception as error:  # noqa: BLE001 - kombu raises whatever its transport raises
            log.warning("beat_failed", task=entry.task, error=type(error).__name__)
