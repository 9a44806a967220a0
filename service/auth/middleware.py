"""Checks the site key before a byte of the body is read.

FastAPI reads a body before it runs dependencies, so that a stranger could make
the service hold megabytes per request; hence a middleware and not a dependency.
"""

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.keys import TOKEN_PREFIX, Principal, find_principal
from service.db import Database
from service.errors import Unauthorized

GUARDED = "/v1/"


class Authentication:
    """Puts the Principal into `request.state` for every path under /v1/, or raises Unauthorized."""

    def __init__(self, app: ASGIApp, database: Database) -> None:
        """Wrap `app`; look keys up in `database`."""
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http" and scope["path"].startswith(GUARDED):
            principal = await self._authenticate(scope)
            scope.setdefault("state", {})["principal"] = principal
            structlog.contextvars.bind_contextvars(site=str(principal.site_id))
        await self._app(scope, receive, send)

    async def _authenticate(self, scope: Scope) -> Principal:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("Send a site key: Authorization: Bearer nq_…")
        principal = await run_in_threadpool(self._find, token.strip())
        if principal is None:
            raise Unauthorized("This site key is unknown or revoked.")
        return principal

    def _find(self, token: str) -> Principal | None:
        if not (token.startswith(TOKEN_PREFIX) and token.isascii()):
            return None
        with self._database.read() as session:
            return find_principal(session, token)
