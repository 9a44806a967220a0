"""The proxy passes on, falls silent, and delivers late what came meanwhile."""

import socket
import threading

import pytest

from tests.faults.proxy import Proxy


@pytest.fixture
def echo() -> int:
    """Return the port of a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            caller, _ = server.accept()
            with caller:
                while data := caller.recv(100):
                    caller.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def test_silence_swallows_nothing(echo: int) -> None:
    proxy = Proxy(echo)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as caller:
        caller.sendall(b"one")
        assert caller.recv(100) == b"one"
        proxy.silence()
        caller.sendall(b"two")
        with pytest.raises(TimeoutError):
            caller.recv(100)
        proxy.speak()
        caller.settimeout(5)
        assert caller.recv(100) == b"two"
    proxy.close()


def test_accepts_also_while_it_is_silent(echo: int) -> None:
    proxy = Proxy(echo)
    proxy.silence()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as caller:
        caller.sendall(b"one")
        with pytest.raises(TimeoutError):
            caller.recv(100)
    proxy.close()


def test_hangs_up_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        proxy = Proxy(free.getsockname()[1])
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as caller:
        assert caller.recv(100) == b""
    proxy.close()
