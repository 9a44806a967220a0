"""Doors: the protocols of other systems, with their own keys, limits and errors.

`app.py` hands the doors in, so that `service.http` and `service.auth` need not know
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
"""Returns the caller that a token belongs to; None when the token is unknown or revoked."""


@dataclass(frozen=True)
class Door:
    """A protocol of another system, served under one path prefix."""

    prefix: str
    """The beginning of all paths of the door, such as `/v1alpha1/`."""

    render_error: Callable[[NetiquetteError | HTTPException], Response | None]
    """Returns an error in the form that the door's callers know; None to use our own form."""

    authenticate: Callable[[Scope, FindCaller], Awaitable[Caller]] | None
    """Returns the caller of a request, before its body is read; raises NetiquetteError.

    None where the door's use cases check a signature of the body instead.
    """

    max_body: int
    """The largest request body, in bytes."""


def find_door(doors: Iterable[Door], path: str) -> Door | None:
    """Return the door that the path belongs to, if any."""
    return next((door for door in doors if path.startswith(door.prefix)), None)
