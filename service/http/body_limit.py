"""Refuses request bodies over the size limit, and stops reading them.

FastAPI's own limit would answer in plain text, and before the key is checked.
"""

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLarge
from service.http.doors import Door, find_door

MAX_CALL = 128 * 1024
"""Bytes of most calls: a comment of 10,000 code points takes 40 kB at most, or 120 kB escaped."""

MAX_VALUES = 200_000
"""Most values of a large body, counted by the signs before them: parsing costs by the value."""

VALUE_SIGNS = (b",", b":", b"[", b"{")


class BodyLimit:
    """Answers 413 for a body of too many bytes, announced (Content-Length) or sent.

    `larger` names the paths that take more than MAX_CALL, and how many bytes. There a body of
    more than MAX_VALUES values is refused, too. A door's own limit holds under its prefix.
    """

    def __init__(
        self, app: ASGIApp, larger: Mapping[str, int], limit: int, doors: Sequence[Door]
    ) -> None:
        """Wrap `app`; no body may be larger than `limit`."""
        self._app = app
        self._larger = larger
        self._limit = limit
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:19]) > limit:
            raise TooLarge(f"A request body may have {limit} bytes here.")
        received = values = 0

        async def receive_some() -> Message:
            nonlocal received, values
            message = await receive()
            body = message.get("body", b"")
            received += len(body)
            values += sum(map(body.count, VALUE_SIGNS)) if limit > MAX_CALL else 0
            if received > limit or values > MAX_VALUES:
                # FastAPI would turn any other error while reading a body into a 400.
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, receive_some, send)

    def _limit_of(self, path: str) -> int:
        door = find_door(self._doors, path)
        return min(self._limit, door.max_body if door else self._larger.get(path, MAX_CALL))
