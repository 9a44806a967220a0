"""What every endpoint works with, made once per process."""

import threading
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from service.auth.limits import RateLimiter
from service.comments.grouping import GroupedIntake
from service.db import Database
from service.events.waiting import Position
from service.queue import Nudges
from service.settings import Settings
from service.waiting import Waiters


@dataclass(frozen=True)
class Context:
    """The long-lived parts of the API process."""

    settings: Settings
    database: Database
    intake: GroupedIntake
    nudges: Nudges
    limiter: RateLimiter
    waiters: Waiters[UUID]
    """Who waits for the decision on a comment."""
    analysis_waiters: Waiters[UUID]
    """Who waits for the scores of a text."""
    event_waiters: Waiters[Position]
    """Who waits for the next event of a site."""
    scorer_seen: threading.Event = field(default_factory=threading.Event)
    """Set once a worker was there to score, however long it stays."""

    def stop_waiting(self) -> None:
        """Send every waiting caller home; from any thread or signal handler."""
        self.waiters.close()
        self.analysis_waiters.close()
        self.event_waiters.close()


def get_context(request: Request) -> Context:
    """Return the application's context (a FastAPI dependency)."""
    context: Context = request.app.state.context
    return context


Services = Annotated[Context, Depends(get_context)]
