"""Checks the site key before any byte of the body is read.

This is a middleware and not a dependency because FastAPI reads the body before it runs
dependencies. A stranger could then make the service hold megabytes for each request.
"""

from collections.abc import Sequence

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.keys import TOKEN_PREFIX, find_caller
from service.db import Database
from service.errors import Unauthorized
from service.http.callers import Caller
from service.http.doors import Door, FindCaller, find_door

GUARDED = "/v1/"


class Authentication:
    """Puts the caller into `request.state` for all paths under /v1/ and of the doors.

    Raises Unauthorized without a valid key; a door may raise another error. It lets the
    requests of a door without `authenticate` pass: such a door checks a signature itself.
    """

    def __init__(self, app: ASGIApp, database: Database, doors: Sequence[Door]) -> None:
        """Wrap `app`; look keys up in `database`."""
        self._app = app
        self._database = database
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http":
            caller = await self._authenticate(scope)
            if caller:
                scope.setdefault("state", {})["caller"] = caller
                structlog.contextvars.bind_contextvars(site=str(caller.site_id))
        await self._app(scope, receive, send)

    async def _authenticate(self, scope: Scope) -> Caller | None:
        door = find_door(self._doors, scope["path"])
        if door:
            return await door.authenticate(scope, self._find) if door.authenticate else None
        return await _by_header(scope, self._find) if scope["path"].startswith(GUARDED) else None

    async def _find(self, token: str) -> Caller | None:
        # Postgres refuses a string with a NUL character, even in a query.
        if not (token.startswith(TOKEN_PREFIX) and token.isascii() and token.isprintable()):
            return None
        return await run_in_threadpool(self._look_up, token)

    def _look_up(self, token: str) -> Caller | None:
        with self._database.read() as session:
            return find_caller(session, token)


async def _by_header(scope: Scope, find: FindCaller) -> Caller:
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send a site key: Authorization: Bearer nq_…")
    caller = await find(token.strip())
    if caller is None:
        raise Unauthorized("This site key is unknown or revoked.")
    return caller
