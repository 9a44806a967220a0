"""What every endpoint works with, made once per process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.auth.limits import RateLimiter
from service.comments.waiting import Waiters
from service.db import Database
from service.queue import Nudges
from service.settings import Settings


@dataclass(frozen=True)
class Context:
    """The long-lived parts of the API process."""

    settings: Settings
    database: Database
    nudges: Nudges
    limiter: RateLimiter
    waiters: Waiters


def get_context(request: Request) -> Context:
    """Return the application's context (a FastAPI dependency)."""
    context: Context = request.app.state.context
    return context


Services = Annotated[Context, Depends(get_context)]
