"""Refuses request bodies over the limit, without reading further.

FastAPI's own limit answers in plain text and before the key was checked.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.compat.coral import errors as coral
from service.compat.perspective import errors as google
from service.errors import TooLarge

DOORS = (google.PATHS, coral.PATHS)
"""Where errors have another form than ours."""

MAX_AT_DOORS = 256 * 1024
"""Bytes where one text is scored: larger documents take seconds to validate, on the event loop."""


class BodyLimit:
    """Answers 413 for more than `limit` bytes, announced (Content-Length) or sent.

    At the doors to Perspective's and Coral's callers for more than MAX_AT_DOORS.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Wrap `app`."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        at_door = scope["path"].startswith(DOORS)
        limit = min(self._limit, MAX_AT_DOORS) if at_door else self._limit
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:19]) > limit:
            raise TooLarge(f"A request body may have {limit} bytes.")
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI would turn any other error while reading a body into a 400.
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, receive_some, send)
