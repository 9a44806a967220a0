"""Refuses request bodies over the size limit, and stops reading them.

FastAPI's own limit would answer in plain text, and before the key is checked.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLarge
from service.http.doors import Door, find_door


class BodyLimit:
    """Answers 413 for a body of more than `limit` bytes, announced (Content-Length) or sent.

    Under a door's prefix, the door's own limit holds where it is lower.
    """

    def __init__(self, app: ASGIApp, limit: int, doors: Sequence[Door]) -> None:
        """Wrap `app`."""
        self._app = app
        self._limit = limit
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        door = find_door(self._doors, scope["path"])
        limit = min(self._limit, door.max_body) if door else self._limit
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:19]) > limit:
            raise TooLarge(f"Send a request body of at most {limit} bytes.")
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # While FastAPI reads a body, it turns any error but an HTTPException into a 400.
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, receive_some, send)
