import errno
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service.embedded import listening
from service.embedded.console import StartRefused


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartRefused, match=rf"Port {port} cannot be used: .*PORT={port + 1}"):
            listening.bind(port)


def test_the_port_is_held_from_the_beginning() -> None:
    with listening.bind(0) as listener:
        with socket.socket() as other, pytest.raises(OSError) as caught:  # noqa: PT011 - see below
            other.bind(listener.getsockname())
        assert caught.value.errno == errno.EADDRINUSE
        assert not listening.is_ready(listener.getsockname()[1])


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_readiness_is_what_the_api_says_and_no_proxy_is_asked(
    status: int, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert listening.is_ready(server.server_port) is ready
        thread.join()
