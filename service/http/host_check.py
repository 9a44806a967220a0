"""Refuses requests whose Host header names another host, or that have two of them.

A web page can make a reader's browser call an intranet's addresses under the page's own
host name (DNS rebinding). The Host header of such a request names the page's host.
Of two headers, a proxy may read the one and this service the other.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BadRequest, UnknownHost

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Hosts that are always allowed: health checks and the embedded default use them."""

KNOWN = "netiquette.host_is_known"


class HostCheck:
    """Raises UnknownHost unless the Host header names loopback or one of `allowed`.

    Raises BadRequest for more than one Host header (RFC 9112, section 3.2).
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        """Wrap `app`; `allowed` are Starlette's patterns: a name, `*.a.name`, or `*` for any."""
        self._app = app
        # Starlette would answer in plain text, so only its verdict is used.
        self._check = TrustedHostMiddleware(_mark, (*LOOPBACK, *allowed), www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http":
            if len(Headers(scope=scope).getlist("host")) > 1:
                raise BadRequest("Send one Host header.")
            await self._check(scope, receive, _discard)
            if not scope.pop(KNOWN, False):
                raise UnknownHost(
                    "The Host header names no host of this service. The operator sets the "
                    "allowed hosts with NETIQUETTE_ALLOWED_HOSTS."
                )
        await self._app(scope, receive, send)


async def _mark(scope: Scope, _receive: Receive, _send: Send) -> None:
    scope[KNOWN] = True


async def _discard(_message: Message) -> None:
    """Drop the answer that Starlette sends itself."""
