"""The infrastructure that all endpoints share; each process makes it once."""

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
    """The long-lived parts of the API process, none of which belongs to a feature."""

    settings: Settings
    database: Database
    nudges: Nudges
    limiter: RateLimiter
    decision_waiters: Waiters[UUID]
    """The callers that wait for the decision on a comment, by the comment's id."""
    analysis_waiters: Waiters[UUID]
    """The callers that wait for the scores of a text, by the analysis's id."""
    event_waiters: Waiters[tuple[UUID, int]]
    """The callers that wait for an event, by the site and the number of the last event seen."""
    scorer_seen: threading.Event = field(default_factory=threading.Event)
    """Set as soon as a scoring worker has been seen once; it stays set if the worker leaves."""

    def stop_waiting(self) -> None:
        """Answer all waiting callers soon; any thread or signal handler may call it."""
        self.decision_waiters.close()
        self.analysis_waiters.close()
        self.event_waiters.close()


async def get_context(request: Request) -> Infrastructure:
    """Return the application's context.

    It is asynchronous because FastAPI would run it in a thread otherwise.
    """
    context: Infrastructure = request.app.state.context
    return context


Context = Annotated[Infrastructure, Depends(get_context)]
"""The type of the `context` parameter of endpoints and use cases."""
