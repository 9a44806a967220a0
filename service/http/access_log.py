"""The outermost layer of the API but for headers: request ids, the access log, all errors."""

import re
import time
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.doors import Door, find_door
from service.http.problems import failure_response
from service.ids import new_id
from service.telemetry import metrics
from service.telemetry.tracing import describe

REQUEST_ID = "X-Request-ID"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
"""HTTP methods that are logged by name; any other word is logged as `OTHER`.

A caller may send any word as a method, and each would become a label of the metrics.
"""

_COMMENT = re.compile(r"/v1/comments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/|$)")

log = structlog.get_logger("service.access")


class AccessLog:
    """Gives each request an id; logs, counts and traces its method, route, status and time.

    It logs the route's template and never the address. An address may hold a key, or
    name a member, and an erasure could not remove that from the logs (invariant 11).

    As the outermost layer that can fail, it answers every error that no other layer handled.
    The server would log the message of such an error, which may quote a comment's text.
    """

    def __init__(self, app: ASGIApp, doors: Sequence[Door]) -> None:
        """Wrap `app`."""
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(new_id())
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
                _bind_comment(Headers(scope=message).get("location", ""))
                # FastAPI ends its span with the last byte, before this layer is done.
                describe(**structlog.contextvars.get_contextvars())
            await send(message)

        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        _bind_comment(scope["path"])
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:  # noqa: BLE001 - no error may get past this layer
            response = failure_response(error, find_door(self._doors, scope["path"]))
            if status == 0:
                await response(scope, receive, send_with_id)
        finally:
            _tell(scope, status, time.perf_counter() - started)


def _bind_comment(path: str) -> None:
    """Add the id of the comment in the path, if any, to all log lines of this request."""
    found = _COMMENT.match(path)
    if found:
        structlog.contextvars.bind_contextvars(comment=found[1])


def _tell(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    route = getattr(scope.get("route"), "path_format", None)
    metrics.count_request(method, route, status, seconds)
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
