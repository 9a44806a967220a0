"""Limits the time and memory of one connection, where uvicorn itself sets no limit."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_FRAMING = 8
"""Most bytes that may come with each byte of a chunked body."""


LINGER_SECONDS = 1.0
"""Seconds that a client has to read an answer that came before all of its body had arrived."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits on how slow a request or a reader may be, and how wordy.

    uvicorn has a timeout between two requests only. httptools keeps a head and trailers of any
    size, and asyncio keeps an answer until it is read. Without these limits, a stranger could
    hold connections and memory without a key.
    """

    read_seconds: ClassVar[float] = 60.0
    """Seconds from the first byte of a request (or the connection) to its body's last byte."""

    head_bytes: ClassVar[int] = 64 * 1024
    """Largest head in bytes: the request line with the headers. The value is that of h11."""

    write_seconds: ClassVar[float] = 60.0
    """Seconds in which the client must take some of an answer, or lose the connection."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _head: int | None = None
    """Bytes of the current head so far; None while no head is being read."""
    _framing: int = 0
    """Bytes after the head that were no body: sizes of chunks, their extensions, trailers."""
    _body: int = 0
    """Bytes of the current body so far."""
    _incomplete: bool = False
    """Whether a request has begun and not ended."""
    _fresh: bool = False
    """Whether a request began in the bytes that are being parsed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._relax()
        self._forget_stalled()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse some bytes, then count them if the head has not ended yet.

        The count comes after the parsing: only then is it known whether a body has begun.
        """
        self._expect()
        self._fresh, body = False, self._body
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.head_bytes:
                self.send_400_response("The head of the request is too large.")
        elif not self._fresh:
            # Chunks of a single byte take five bytes more each (RFC 9112, section 7.1).
            self._framing += len(data) - (self._body - body)
            if self._framing > self.head_bytes + MAX_FRAMING * self._body:
                self.send_400_response("The body is wrapped in too much else.")

    def pause_writing(self) -> None:
        """Start the timer for a reader that takes nothing more."""
        super().pause_writing()
        if self._stalled is None:
            self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Stop the timer: the reader has taken what was written."""
        self._forget_stalled()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Start counting the bytes of the head."""
        self._head, self._framing, self._body = 0, 0, 0
        self._incomplete = self._fresh = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting the bytes of the head."""
        self._head = None
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head; drop a trailer, which no call reads (RFC 9110, 6.5)."""
        if self._head is not None:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Count the bytes of the body."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the timer: the request is complete."""
        self._incomplete = False
        self._relax()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Close the connection soon if the answer left a body unread.

        A moment later, since a client that still sends would lose the answer otherwise.
        """
        super().on_response_complete()
        if self._incomplete:
            self.loop.call_later(LINGER_SECONDS, self._close_if_incomplete)

    def _close_if_incomplete(self) -> None:
        if self._incomplete:
            self.transport.close()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(
                self.read_seconds, self.timeout_keep_alive_handler
            )

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_reader(self, unread: int) -> None:
        self._stalled = self.loop.call_later(self.write_seconds, self._check_reader, unread)

    def _check_reader(self, unread: int) -> None:
        """Drop the connection unless fewer bytes wait to be read than at the last look."""
        left = self.transport.get_write_buffer_size()
        if left < unread:
            self._watch_reader(left)
        else:
            self.transport.abort()

    def _forget_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
