"""Refuses request bodies over the size limit, and stops reading them.

FastAPI's own limit would answer in plain text, and before the key is checked.
"""

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TooLarge
from service.http.doors import Door, find_door
from service.http.json_values import ValueCounter

MAX_CALL = 128 * 1024
"""Bytes of most calls: a comment of 10,000 code points takes 40 kB at most, or 120 kB escaped."""

MAX_VALUES = 20_000
"""Most values of a body. A batch of 500 comments with all of their fields has 13,500 signs.

Parsing and validating cost by the value: that many take some 20 ms of the event loop.
"""


class BodyLimit:
    """Answers 413 for a body of too many bytes, announced (Content-Length) or sent.

    `larger` names the paths that take more than MAX_CALL, and how many bytes. A door's own
    limit holds under its prefix. A body of more than MAX_VALUES values is refused, too.
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
        received, counter = 0, ValueCounter()

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            body = message.get("body", b"")
            received += len(body)
            counter.add(body)
            # FastAPI would turn any other error while reading a body into a 400.
            if received > limit or counter.values > MAX_VALUES:
                raise HTTPException(TooLarge.status)
            return message

        await self._app(scope, receive_some, send)

    def _limit_of(self, path: str) -> int:
        door = find_door(self._doors, path)
        return min(self._limit, door.max_body if door else self._larger.get(path, MAX_CALL))
