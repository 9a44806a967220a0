"""Refuses requests for host names that are not ours.

A page on the web can make a reader's browser call an intranet's addresses under a
name of its own (DNS rebinding); the name in the Host header gives it away.
"""

from collections.abc import Sequence

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import UnknownHost

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Always known: health checks and the embedded default call by them."""

KNOWN = "netiquette.host_is_known"


class HostCheck:
    """Raises UnknownHost unless the Host header names loopback or one of `allowed`."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        """Wrap `app`; patterns as Starlette has them: a name, `*.a.name`, or `*` for any."""
        self._app = app
        # Starlette answers in plain text by itself: it is only asked for its verdict.
        self._check = TrustedHostMiddleware(_mark, (*LOOPBACK, *allowed), www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""
        if scope["type"] == "http":
            await self._check(scope, receive, _discard)
            if not scope.pop(KNOWN, False):
                raise UnknownHost(
                    "The Host header names no host of this service. Its operator sets them "
                    "with NETIQUETTE_ALLOWED_HOSTS."
                )
        await self._app(scope, receive, send)


async def _mark(scope: Scope, _receive: Receive, _send: Send) -> None:
    scope[KNOWN] = True


async def _discard(_message: Message) -> None:
    """Let Starlette's own answer go nowhere."""
