"""Reads every request body as JSON, whatever its Content-Type says, as Google does."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response


class JsonRoute(APIRoute):
    """A route whose body is JSON.

    Clients in browsers send `text/plain`, which needs no preflight request, and chat bots send
    no Content-Type. That guard of browsers is not needed here, since the key is in the address
    and no cookie counts.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which sees `application/json` in place of what was sent."""
        handle = super().get_route_handler()

        async def handle_as_json(request: Request) -> Response:
            MutableHeaders(scope=request.scope)["content-type"] = "application/json"
            # A new one, since a request keeps the headers that it has been asked for.
            return await handle(Request(request.scope, request.receive))

        return handle_as_json
