"""Limits the time and memory of one connection, where uvicorn itself sets no limit."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits on how slow a request and how large its head may be.

    uvicorn has a timeout between two requests only, and httptools keeps a head of any
    size. Without these limits, a stranger could hold connections and memory without a key.
    """

    read_seconds: ClassVar[float] = 60.0
    """Seconds from the first byte of a request (or the connection) to its body's last byte."""

    head_bytes: ClassVar[int] = 64 * 1024
    """Largest head in bytes: the request line with the headers. The value is that of h11."""

    _deadline: asyncio.TimerHandle | None = None
    _head: int | None = None
    """Bytes of the current head so far; None while no head is being read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse some bytes, then count them if the head has not ended yet.

        The count comes after the parsing: only then is it known whether a body has begun.
        """
        self._expect()
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.head_bytes:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Start counting the bytes of the head."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting the bytes of the head."""
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the timer: the request is complete."""
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
