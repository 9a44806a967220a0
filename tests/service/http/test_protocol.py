"""Slow and endless requests, on a real server."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service.http.protocol import BoundedProtocol
from tests.support.skipping import SkippingLoop
from tests.support.stack import wait_until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = b"HTTP/1.1 200 OK"
REFUSED = b"HTTP/1.1 400 Bad Request"
END = b"what was asked for"
LIMIT = BoundedProtocol.read_seconds
KEEP_ALIVE = 2 * LIMIT


class Noting(BoundedProtocol):
    """Notes what has arrived."""

    accepted: ClassVar[int] = 0
    received: ClassVar[int] = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        Noting.accepted += 1

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        Noting.received += len(data)


class Impatient(BoundedProtocol):
    read_seconds = 0.5


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    with suppress(ClientDisconnect):
        await Request(scope, receive).body()
        await PlainTextResponse(END)(scope, receive, send)


@contextmanager
def serving(
    protocol: type[BoundedProtocol],
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None,
    app: Callable[[Scope, Receive, Send], Awaitable[None]] = app,
) -> Iterator[int]:
    """Serve, on uvicorn's own loop unless another is given; give the port."""
    config = uvicorn.Config(
        app, http=protocol, lifespan="off", log_config=None, timeout_keep_alive=int(KEEP_ALIVE)
    )
    server = uvicorn.Server(config)

    def run() -> None:
        with asyncio.Runner(loop_factory=new_loop or config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=[listener]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


@pytest.fixture(scope="module")
def loop() -> SkippingLoop:
    return SkippingLoop()


@pytest.fixture(scope="module")
def port(loop: SkippingLoop) -> Iterator[int]:
    with serving(Noting, lambda: loop) as port:
        yield port


@pytest.fixture
def connection(port: int) -> Iterator[socket.socket]:
    before = Noting.accepted
    with connected(port) as connection:
        wait_until(lambda: Noting.accepted > before)
        yield connection


def send(connection: socket.socket, data: bytes) -> None:
    """Send it, and wait until the server has it."""
    before = Noting.received
    connection.sendall(data)
    wait_until(lambda: Noting.received == before + len(data))


def ask(connection: socket.socket, request: bytes = GET) -> bytes:
    """Send the rest of a request; return the first line of the answer once it has all come."""
    connection.sendall(request)
    answer = b""
    while not answer.endswith(END) and (more := connection.recv(1000)):
        answer += more
    return answer.partition(b"\r\n")[0]


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes the connection; fails after 20 s of silence."""
    data = b""
    with suppress(ConnectionResetError):
        while more := connection.recv(65_536):
            data += more
    return data


SLOW = [
    (b"", GET),
    (b"\r\n", GET),
    (b"GET", GET.removeprefix(b"GET")),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"\r\n"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc", b"defghi"),
]
"""What comes of a request, and what lets wait for it."""


@pytest.mark.parametrize("sent", [sent for sent, _ in SLOW])
def test_a_request_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    with serving(Impatient, None) as port, connected(port) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""


@pytest.mark.parametrize(("sent", "rest"), SLOW)
def test_a_request_has_all_of_its_time(
    loop: SkippingLoop, connection: socket.socket, sent: bytes, rest: bytes
) -> None:
    send(connection, sent)
    loop.skip_threadsafe(LIMIT * 0.7)
    assert ask(connection, rest) == OK


def test_dripping_bytes_buy_no_time(loop: SkippingLoop, connection: socket.socket) -> None:
    send(connection, GET[:-2])
    for _ in range(2):
        loop.skip_threadsafe(LIMIT * 0.4)
        send(connection, b"X-A: b\r\n")
    loop.skip_threadsafe(LIMIT * 0.4)
    assert read_all(connection) == b""


def test_the_time_ends_with_its_request_and_begins_with_the_next(
    loop: SkippingLoop, connection: socket.socket
) -> None:
    for _ in range(2):
        for start in range(0, 30, 10):
            send(connection, GET[start : start + 10])
        assert ask(connection, GET[30:]) == OK
        loop.skip_threadsafe(LIMIT * 1.2)
    send(connection, GET[:-1])
    loop.skip_threadsafe(LIMIT * 1.2)
    assert read_all(connection) == b""


@pytest.mark.parametrize("line", [b"\r\nX-A: b", b"a"])
@pytest.mark.parametrize(("rest", "answer"), [(b"\r\n\r\n", OK), (b"a", REFUSED)])
def test_a_head_has_its_length_and_no_more(
    connection: socket.socket, line: bytes, rest: bytes, answer: bytes
) -> None:
    begun = GET[:-2] + b"X-Long: "
    lines, more = divmod(BoundedProtocol.head_bytes - len(begun), len(line))
    longest = begun + b"a" * more + line * lines
    for start in range(0, len(longest), 8000):
        send(connection, longest[start : start + 8000])
    assert ask(connection, rest) == answer


def test_a_long_body_is_no_head_and_a_request_in_time_is_answered(
    connection: socket.socket,
) -> None:
    size = 3 * BoundedProtocol.head_bytes
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    assert ask(connection, head.encode() + b"a" * size) == OK


def test_between_requests_the_connection_stays_for_the_keep_alive_time(
    loop: SkippingLoop, connection: socket.socket
) -> None:
    for _ in range(2):
        assert ask(connection) == OK
        loop.skip_threadsafe(KEEP_ALIVE * 0.7)
    assert ask(connection) == OK
    loop.skip_threadsafe(KEEP_ALIVE)
    assert read_all(connection) == b""


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def flood(connection: socket.socket, *parts: bytes) -> int:
    """Send the parts, then the last one for ever, until the server has had enough of it."""
    sent = 0
    with suppress(ConnectionResetError, BrokenPipeError):
        for part in [*parts, *[parts[-1]] * 10_000]:
            connection.sendall(part)
            sent += len(part)
    return sent


@pytest.mark.parametrize(
    "endless",
    [b"X-Trailer: " + b"x" * 10_000 + b"\r\n", b"x" * 10_000],
    ids=["trailers", "one trailer"],
)
def test_endless_trailers_are_refused(connection: socket.socket, endless: bytes) -> None:
    before = Noting.received
    flood(connection, CHUNKED + b"1\r\na\r\n0\r\n", endless)
    # Besides what one reading of the socket holds.
    assert Noting.received - before < BoundedProtocol.head_bytes + 512 * 1024


def test_endless_extensions_of_chunks_are_refused(connection: socket.socket) -> None:
    before = Noting.received
    flood(connection, CHUNKED, b"1;" + b"x" * 10_000 + b"\r\na\r\n")
    assert Noting.received - before < BoundedProtocol.head_bytes + 512 * 1024


def test_a_body_in_chunks_of_a_byte_with_trailers_is_taken(connection: socket.socket) -> None:
    chunks = b"1\r\na\r\n" * 50_000
    assert ask(connection, CHUNKED + chunks + b"0\r\nX-Sum: 1\r\n\r\n") == OK
    assert ask(connection) == OK


class Stingy(BoundedProtocol):
    write_seconds = 0.3


async def long_winded(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(b"x" * 20_000_000)(scope, receive, send)


def test_an_answer_that_nobody_reads_is_dropped() -> None:
    lost = threading.Event()

    class Losing(Stingy):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    with serving(Losing, None, long_winded) as port, connected(port) as connection:
        connection.sendall(GET)
        assert lost.wait(20)
        assert len(read_all(connection)) < 20_000_000


def test_an_answer_that_is_read_comes_whole() -> None:
    class Patient(BoundedProtocol):
        # A busy machine may not read for some tenths of a second.
        write_seconds = 3.0

    with serving(Patient, None, long_winded) as port, connected(port) as connection:
        connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert len(read_all(connection)) > 20_000_000


async def rejecting(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(END, 401)(scope, receive, send)


def test_after_an_answer_that_left_a_body_unread_the_connection_ends() -> None:
    post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"
    with serving(BoundedProtocol, None, rejecting) as port, connected(port) as connection:
        connection.sendall(post)
        answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 401")
        assert answer.endswith(END)
    with serving(BoundedProtocol, None, rejecting) as port, connected(port) as connection:
        assert ask(connection, post + b"x" * 97) == b"HTTP/1.1 401 Unauthorized"
        assert ask(connection, GET) == b"HTTP/1.1 401 Unauthorized"
