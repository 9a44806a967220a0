"""The infrastructure that every endpoint works with, made once per process."""

import threading
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from service.db import Database
from service.http.rate_limiter import RateLimiter
from service.http.waiting import Waiters
from service.nudges import Nudges
from service.settings import Settings


@dataclass(frozen=True)
class Infrastructure:
    """The long-lived parts of the API process; it knows no feature."""

    settings: Settings
    database: Database
    nudges: Nudges
    limiter: RateLimiter
    decision_waiters: Waiters[UUID]
    """Who waits for the decision on a comment, by its id."""
    analysis_waiters: Waiters[UUID]
    """Who waits for the scores of a text, by the analysis' id."""
    event_waiters: Waiters[tuple[UUID, int]]
    """Who waits for an event, by the site and the number of the last one seen."""
    scorer_seen: threading.Event = field(default_factory=threading.Event)
    """Set once a worker was there to score, however long it stays."""

    def stop_waiting(self) -> None:
        """Send every waiting caller home; from any thread or signal handler."""
        self.decision_waiters.close()
        self.analysis_waiters.close()
        self.event_waiters.close()


async def get_context(request: Request) -> Infrastructure:
    """Return the application's context.

    Asynchronous, since FastAPI would run it in a thread otherwise.
    """
    context: Infrastructure = request.app.state.context
    return context


Context = Annotated[Infrastructure, Depends(get_context)]
"""What endpoints and use cases take as `context`."""
