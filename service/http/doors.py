"""Doors: the protocols of other systems, which have keys, limits and errors of their own.

`app.py` hands the doors in. Nothing else in `service.http` or `service.auth` knows
which doors there are.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from service.errors import NetiquetteError
from service.http.callers import Caller

FindCaller = Callable[[str], Awaitable[Caller | None]]
"""Returns the caller that a token belongs to; None where it is unknown or revoked."""


@dataclass(frozen=True)
class Door:
    """A foreign protocol under one prefix."""

    prefix: str
    """Every address of the door begins with it, such as `/v1alpha1/`."""

    render_error: Callable[[NetiquetteError | HTTPException], Response | None]
    """Returns an error as the door's callers know it; None for our own form."""

    authenticate: Callable[[Scope, FindCaller], Awaitable[Caller]] | None
    """Returns the caller of a request, before its body is read; raises NetiquetteError.

    None where the door's use cases check a signature of the body instead.
    """

    max_body: int
    """Most bytes of a request's body."""


def find_door(doors: Iterable[Door], path: str) -> Door | None:
    """Return the door that the path belongs to, if any."""
    return next((door for door in doors if path.startswith(door.prefix)), None)
