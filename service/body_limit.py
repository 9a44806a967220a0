"""Refuses request bodies over the limit, without reading further.

FastAPI's own limit answers in plain text and before the key was checked.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLarge


class BodyLimit:
    """Answers 413 for more than `limit` bytes, announced (Content-Length) or sent."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Wrap `app`."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:19]) > self._limit:
            raise TooLarge(f"A request body may have {self._limit} bytes.")
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                # FastAPI would turn any other error while reading a body into a 400.
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, receive_some, send)
