"""What a single connection may cost, where uvicorn itself sets no limit."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol that gives up on a request that arrives too slowly or has a huge head.

    uvicorn has a timeout between two requests only, and httptools keeps whatever
    head it is sent: a stranger could hold connections and memory without a key.
    """

    read_seconds: ClassVar[float] = 60.0
    """From the first byte of a request (or the connection) to the last one of its body."""

    head_bytes: ClassVar[int] = 64 * 1024
    """Bytes of a request line with its headers, as in h11."""

    _deadline: asyncio.TimerHandle | None = None
    _head: int | None = None
    """Bytes of the head so far; None outside of one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes in; the head is counted after them, as a body may be among them."""
        self._expect()
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.head_bytes:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Begin to count the head."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting the head."""
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is here."""
        self._relax()
        super().on_message_complete()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(
                self.read_seconds, self.timeout_keep_alive_handler
            )

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
