"""The guard against server-side request forgery: nothing of the list is connected to.

Resolver and connecting are the test's own, so no packet leaves the machine.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network

import pytest
from httpcore2 import (
    SOCKET_OPTION,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)
from pydantic import TypeAdapter, ValidationError

from service.domain.deliveries import Cause, Unreached
from service.ids import new_id
from service.webhooks.addresses import Network
from service.webhooks.schemas import EndpointUrl
from service.webhooks.secrets import new_secret
from tests.workers.delivery.blocked import NAMES, NUMERIC, PUBLIC
from workers.delivery import safe_http
from workers.delivery.safe_http import (
    BlockedError,
    GuardedBackend,
    Resolver,
    UnresolvedError,
    connection_pool,
)
from workers.delivery.sending import Attempt, send

ONE, OTHER, SIXTH = "93.184.215.14", "8.8.4.4", "2606:4700:4700::1111"

PORTS = (
    *(1, 7, 21, 22, 23, 25, 53, 110, 143, 389, 445, 465, 514, 587, 993, 995),
    *(1433, 1521, 2049, 3306, 5432, 5672, 6379, 9042, 11211, 27017),
)

TLS = ssl.create_default_context()

canonical: TypeAdapter[str] = TypeAdapter(EndpointUrl)


class Names:
    """Resolves names from a table, in turn where there are several answers; numbers as the OS."""

    def __init__(self, table: Mapping[str, Sequence[str]], *later: Sequence[str]) -> None:
        self._table = table
        self._later = list(later)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host in self._table:
            answer = self._table[host]
            if self._later:
                self._table = {host: self._later.pop(0)}
            return answer
        rows = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return [str(row[4][0]) for row in rows]


class Connecting(AsyncNetworkBackend):
    """Notes where a connection was to go to, and refuses it."""

    def __init__(self, error: type[Exception] = ConnectError) -> None:
        self._error = error
        self.asked: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the interface has it
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> AsyncNetworkStream:
        self.asked.append((host, port))
        raise self._error("not in a test")


def attempt(
    url: str,
    names: Names,
    connecting: Connecting,
    allowed: Sequence[Network] = (),
    times: int = 1,
) -> Attempt:
    """Send as a worker does."""

    async def run() -> Attempt:
        backend = GuardedBackend(
            allowed, tls=url.startswith("https:"), resolve=names, connecting=connecting
        )
        async with connection_pool(backend, TLS) as pool:
            for _ in range(times):
                result = await send(pool, url, new_id(), b"{}", [new_secret()])
        return result

    return asyncio.run(run())


def spellings(host: str) -> set[str]:
    """Return the URL as given and as it is stored."""
    url = f"https://{host}/hook"
    try:
        return {url, canonical.validate_python(url)}
    except ValidationError:
        return {url}


@pytest.mark.parametrize("host", [*NUMERIC, *NAMES])
def test_nothing_of_the_list_is_connected_to(host: str) -> None:
    connecting = Connecting()
    table = dict(NAMES) | {name.lower(): found for name, found in NAMES.items()}
    for url in spellings(host):
        outcome = attempt(url, Names(table), connecting).outcome
        # What a system does not take for a number, it would look up, and get no answer.
        assert outcome in {Unreached(Cause.BLOCKED), Unreached(Cause.ADDRESS)}, url
        assert connecting.asked == []


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("allowed", [(), (ip_network("0.0.0.0/0"),)])
def test_ports_of_other_protocols_are_not_connected_to(
    port: int, allowed: Sequence[Network]
) -> None:
    connecting = Connecting()
    result = attempt(f"https://{PUBLIC}:{port}/", Names({PUBLIC: [ONE]}), connecting, allowed)
    assert result.outcome == Unreached(Cause.BLOCKED)
    assert connecting.asked == []


@pytest.mark.parametrize(
    ("url", "port"),
    [
        (f"https://{PUBLIC}/", 443),
        (f"https://{PUBLIC}:80/", 80),
        (f"https://{PUBLIC}:8443/", 8443),
    ],
)
@pytest.mark.parametrize("address", [ONE, SIXTH])
def test_public_addresses_are_connected_to(url: str, port: int, address: str) -> None:
    connecting = Connecting()
    result = attempt(url, Names({PUBLIC: [address]}), connecting)
    assert result.outcome == Unreached(Cause.CONNECTION)
    assert connecting.asked == [(address, port)]


@pytest.mark.parametrize("error", [ConnectError, ConnectTimeout, OSError])
def test_of_mixed_answers_only_the_public_ones_are_used(error: type[Exception]) -> None:
    connecting = Connecting(error)
    answers = ["10.0.0.1", SIXTH, "169.254.169.254", ONE, "::ffff:127.0.0.1", "::1", OTHER]
    attempt(f"https://{PUBLIC}/", Names({PUBLIC: answers}), connecting)
    assert [host for host, _ in connecting.asked] == [SIXTH, ONE, OTHER]


def test_a_rebinding_name_is_connected_where_it_was_judged() -> None:
    connecting = Connecting()
    names = Names({PUBLIC: [ONE]}, ["127.0.0.1"])
    attempt(f"https://{PUBLIC}/", names, connecting)
    assert connecting.asked == [(ONE, 443)]
    assert names.asked == [PUBLIC]


def test_each_connection_is_judged_anew() -> None:
    connecting = Connecting()
    names = Names({PUBLIC: [ONE]}, ["127.0.0.1"], [OTHER])
    last = attempt(f"https://{PUBLIC}/", names, connecting, times=2)
    assert last.outcome == Unreached(Cause.BLOCKED)
    assert connecting.asked == [(ONE, 443)]
    assert names.asked == [PUBLIC, PUBLIC]


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    connecting = Connecting()
    names = Names({PUBLIC: [ONE]})
    attempt(f"https://{PUBLIC}/", names, connecting)
    assert connecting.asked == [(ONE, 443)]
    assert names.asked == [PUBLIC]


@pytest.mark.parametrize(
    ("url", "address", "connects"),
    [
        ("http://intern.example.org/", "10.1.2.3", True),
        ("http://intern.example.org/", "::ffff:10.1.2.3", True),
        ("http://intern.example.org/", "10.2.0.1", False),
        ("http://intern.example.org/", ONE, False),
        ("http://intern.example.org/", SIXTH, False),
        ("https://intern.example.org/", "10.1.2.3", True),
        ("https://intern.example.org/", "10.2.0.1", False),
        ("https://intern.example.org/", ONE, True),
    ],
)
def test_without_tls_only_allowed_networks_are_reached(
    url: str, address: str, connects: bool
) -> None:
    connecting = Connecting()
    names = Names({"intern.example.org": [address]})
    attempt(url, names, connecting, [ip_network("10.1.0.0/16")])
    assert bool(connecting.asked) is connects


def test_a_slow_name_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.delivery.sending.CONNECT_SECONDS", 0.05)

    class Silent(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            await asyncio.sleep(60)
            return await super().__call__(host, port)

    connecting = Connecting()
    result = attempt(f"https://{PUBLIC}/", Silent({PUBLIC: [ONE]}), connecting)
    assert result.outcome == Unreached(Cause.TIMEOUT)
    assert connecting.asked == []


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no such name"), UnicodeError()])
def test_a_name_that_does_not_resolve_is_no_fault_of_the_guard(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(safe_http.socket, "getaddrinfo", fail)  # type: ignore[attr-defined]  # the module's own import

    async def run() -> None:
        with pytest.raises(UnresolvedError):
            await GuardedBackend([], tls=True, connecting=Connecting()).connect_tcp(PUBLIC, 443)

    asyncio.run(run())


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::1"])
def test_the_systems_resolver_gives_addresses_that_are_judged(spelling: str) -> None:
    async def run() -> None:
        assert await Resolver()(spelling, 443) in (["127.0.0.1"], ["::1"])
        with pytest.raises(BlockedError):
            await GuardedBackend([], tls=True, connecting=Connecting()).connect_tcp(spelling, 443)

    asyncio.run(run())
