"""Gives every answer the headers that keep browsers and caches from doing more than they should."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DEFAULTS: Mapping[str, str] = {
    # The API answers to keys: what it tells must not stay in a cache on the way.
    "Cache-Control": "no-store",
    # An answer of the API is no page. A browser that shows one runs nothing of it.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of each answer that has none of that name.

Sources: RFC 9111, section 5.2.2.5; Content Security Policy Level 3; Fetch, section 3.6.
"""


class DefaultHeaders:
    """Adds DEFAULTS to each answer, except for those headers that the answer has already.

    So a page brings its own Content-Security-Policy, and a route whose answers may be cached
    its own Cache-Control.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`, which may send any header itself."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI 3)."""

        async def send_with_defaults(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULTS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_defaults)
