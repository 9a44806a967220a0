"""Unpacks request bodies with `Content-Encoding: gzip`, as Google's Java client sends them.

It unpacks piece by piece, as the application reads, so that the limits of `BodyLimit` hold for
the unpacked body, and no more than a piece of it is ever held here.
"""

import zlib

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BadRequest, UnsupportedEncoding

PIECE = 64 * 1024
"""Most bytes that are unpacked at a time."""

GZIP = ("gzip", "x-gzip")
"""Two names of the same coding (RFC 9110, section 8.4.1.3)."""

_GZIP_FORMAT = 16 + zlib.MAX_WBITS
"""What makes zlib read gzip's header and check sum (its manual, inflateInit2)."""


class Unpacking:
    """Gives the application unpacked bodies; raises UnsupportedEncoding for codings but gzip."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http":
            codings = _codings(Headers(scope=scope))
            if codings and not (len(codings) == 1 and codings[0] in GZIP):
                raise UnsupportedEncoding(
                    "A request body may be sent as it is, or packed once with gzip (RFC 1952)."
                )
            if codings:
                receive = _Unpacked(receive)
        await self._app(scope, receive, send)


class _Unpacked:
    """The `receive` of a packed body. Like every body's, it belongs to one request."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gzip = zlib.decompressobj(_GZIP_FORMAT)
        self._packed = b""
        self._more = True
        self._ended = False

    async def __call__(self) -> Message:
        """Return the next piece; raises HTTPException 400 for anything but one member of gzip."""
        if self._more and not self._packed:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._packed, self._more = message.get("body", b""), message.get("more_body", False)
        elif self._ended:
            return await self._receive()
        piece = self._unpack()
        self._ended = self._gzip.eof and not self._more
        return {"type": "http.request", "body": piece, "more_body": not self._ended}

    def _unpack(self) -> bytes:
        try:
            piece = self._gzip.decompress(self._packed, PIECE)
        except zlib.error:
            raise _not_gzip() from None
        self._packed = self._gzip.unconsumed_tail
        # zlib may still hold some output, but if it gives none, the end is missing.
        cut = not (self._gzip.eof or piece or self._packed or self._more)
        if cut or self._gzip.unused_data:
            raise _not_gzip()
        return piece


def _not_gzip() -> HTTPException:
    # FastAPI would turn any other error while reading a body into such a one, too.
    return HTTPException(BadRequest.status)


def _codings(headers: Headers) -> list[str]:
    """Return the codings of a body in lower case, without `identity`, which is none."""
    sent = ",".join(headers.getlist("content-encoding")).lower().split(",")
    return [coding.strip() for coding in sent if coding.strip() not in ("", "identity")]
