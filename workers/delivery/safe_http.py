"""Connect to hosts that other people have chosen, safe from server-side request forgery.

This module resolves the name, checks each address, and connects to an address that it has
checked. So it does not matter what the name resolves to a moment later. It uses no
redirects, no cookies, and no proxies of the environment.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence

import anyio.to_thread
from anyio import CapacityLimiter
from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncConnectionPool,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from service.webhooks.addresses import Network, is_in, is_port_allowed, may_reach, read_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A function that returns the addresses of a host name and a port; raises OSError."""

MAX_LOOKUPS = 64
"""Most look-ups at once. Each waits in a thread, for long if the name server is away."""

KEEP_ALIVE = 5.0
"""Seconds that an idle connection stays open."""


class BlockedError(Exception):
    """The host has no address that may be reached."""


class UnresolvedError(Exception):
    """The host name has no address."""


class GuardedBackend(AsyncNetworkBackend):
    """Connects to public addresses, and to those in networks that the operator allows.

    Without TLS it connects only to the allowed networks, since anybody on the way to other
    addresses could read the requests.
    """

    def __init__(
        self,
        allowed: Iterable[Network],
        *,
        tls: bool,
        resolve: Resolve | None = None,
        connecting: AsyncNetworkBackend | None = None,
    ) -> None:
        """Use the system's `resolve` and `connecting`, unless a test gives others."""
        self._allowed = tuple(allowed)
        self._tls = tls
        self._resolve = resolve or Resolver()
        self._connecting = connecting or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface has it
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of the host that is allowed and answers.

        Raises BlockedError where none of its addresses is allowed, or the port is not,
        UnresolvedError where the name does not resolve, and the error of the last connection.
        """
        with anyio.fail_after(timeout):
            addresses = [
                address for address in await self._look_up(host, port) if self._may(address)
            ]
        if not addresses or not is_port_allowed(port):
            raise BlockedError
        failure: Exception = ConnectError("no address")
        for address in addresses:
            try:
                return await self._connecting.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout, OSError) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        await anyio.sleep(seconds)

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise UnresolvedError from error
        return addresses

    def _may(self, text: str) -> bool:
        address = read_address(text)
        if address is None:
            return False
        if self._tls:
            return may_reach(address, self._allowed)
        return is_in(address, self._allowed)


class Resolver:
    """Resolves host names by the operating system, in threads of its own."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(MAX_LOOKUPS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses in the system's order of preference; raises OSError."""
        found = await anyio.to_thread.run_sync(
            _get_addresses, host, port, abandon_on_cancel=True, limiter=self._limiter
        )
        return list(dict.fromkeys(found))


def _get_addresses(host: str, port: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(row[4][0]) for row in rows]


def connection_pool(backend: AsyncNetworkBackend, context: ssl.SSLContext) -> AsyncConnectionPool:
    """Return a pool of connections to one receiver; use it as an async context manager."""
    return AsyncConnectionPool(
        ssl_context=context,
        max_connections=None,
        keepalive_expiry=KEEP_ALIVE,
        network_backend=backend,
    )
