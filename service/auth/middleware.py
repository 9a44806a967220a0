"""Checks the site key before a byte of the body is read.

FastAPI reads a body before it runs dependencies, so that a stranger could make
the service hold megabytes per request; hence a middleware and not a dependency.
"""

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.keys import TOKEN_PREFIX, Principal, find_principal
from service.compat.coral import errors as coral
from service.compat.perspective import errors as google
from service.db import Database
from service.errors import Unauthorized

GUARDED = "/v1/"


class Authentication:
    """Puts the Principal into `request.state` for every path under /v1/ and /v1alpha1/ but Coral's.

    Raises Unauthorized, MissingApiKey or InvalidApiKey without one that is known.
    """

    def __init__(self, app: ASGIApp, database: Database) -> None:
        """Wrap `app`; look keys up in `database`."""
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http" and _is_guarded(scope["path"]):
            # As Google's clients send it; nowhere else does a key in the query count.
            by_query = scope["path"].startswith(google.PATHS)
            authenticate = self._by_query if by_query else self._by_header
            principal = await authenticate(scope)
            scope.setdefault("state", {})["principal"] = principal
            structlog.contextvars.bind_contextvars(site=str(principal.site_id))
        await self._app(scope, receive, send)

    async def _by_header(self, scope: Scope) -> Principal:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("Send a site key: Authorization: Bearer nq_…")
        principal = await run_in_threadpool(self._find, token.strip())
        if principal is None:
            raise Unauthorized("This site key is unknown or revoked.")
        return principal

    async def _by_query(self, scope: Scope) -> Principal:
        token = QueryParams(scope["query_string"]).get("key", "").strip()
        if not token:
            raise google.MissingApiKey(
                "Send a site key with the scope analyze in the query: ?key=nq_…"
            )
        principal = await run_in_threadpool(self._find, token)
        if principal is None:
            raise google.InvalidApiKey("API key not valid. Please pass a valid API key.")
        return principal

    def _find(self, token: str) -> Principal | None:
        # Postgres refuses to look for a NUL.
        if not (token.startswith(TOKEN_PREFIX) and token.isascii() and token.isprintable()):
            return None
        with self._database.read() as session:
            return find_principal(session, token)


def _is_guarded(path: str) -> bool:
    """Tell whether a key is needed; Coral's calls are signed instead, which their door checks."""
    return path.startswith((GUARDED, google.PATHS)) and not path.startswith(coral.PATHS)
