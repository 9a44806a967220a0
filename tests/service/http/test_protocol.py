"""Slow and endless requests, on a real server."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from service.http.protocol import BoundedProtocol

KEEP_ALIVE = 1


class Impatient(BoundedProtocol):
    read_seconds = 0.5


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    async def app(scope: object, receive: object, send: object) -> None:
        await PlainTextResponse("ok")(scope, receive, send)  # type: ignore[arg-type]  # plain ASGI

    config = uvicorn.Config(
        app, http=Impatient, lifespan="off", log_config=None, timeout_keep_alive=KEEP_ALIVE
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def connection(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes the connection; fails after 5 s."""
    data = b""
    try:
        while more := connection.recv(65_536):
            data += more
    except ConnectionResetError:
        pass
    return data


def drip(connection: socket.socket, piece: bytes, pieces: int, pause: float) -> int:
    """Send pieces until the server has had enough; return how many went."""
    for number in range(pieces):
        try:
            connection.sendall(piece)
        except OSError:
            return number
        time.sleep(pause)
    return pieces


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"GET",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    ],
)
def test_a_request_that_does_not_come_is_not_waited_for(
    connection: socket.socket, sent: bytes
) -> None:
    began = time.monotonic()
    connection.sendall(sent)
    read_all(connection)
    assert 0.4 < time.monotonic() - began < 3


def test_dripping_bytes_buy_no_time(connection: socket.socket) -> None:
    began = time.monotonic()
    assert drip(connection, b"X-", pieces=100, pause=0.05) < 100
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("piece", [b"X-A: b\r\n" * 1000, b"a" * 8000])
def test_an_endless_head_is_refused(connection: socket.socket, piece: bytes) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
    assert drip(connection, piece, pieces=100, pause=0.003) < 50


def test_a_long_body_is_no_head_and_a_request_in_time_is_answered(
    connection: socket.socket,
) -> None:
    size = 3 * BoundedProtocol.head_bytes
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode() + b"a" * size)
    assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_between_requests_the_connection_stays_for_the_keep_alive_time(
    connection: socket.socket,
) -> None:
    for _ in range(2):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        time.sleep(KEEP_ALIVE * 0.7)
    assert read_all(connection) == b""
