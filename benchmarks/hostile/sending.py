"""Requests as bytes, so that nothing on the sender's side refuses or repairs them."""

import json
import socket
from collections.abc import Iterable
from contextlib import suppress

PATIENCE = 20.0
"""Seconds that an answer is waited for."""


def head(method: str, path: str, token: str, *headers: str) -> bytes:
    """Return a request's head; without a token, it has no key."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def get(path: str, token: str = "", *headers: str) -> bytes:
    """Return a GET request."""
    return head("GET", path, token, *headers)


def post(path: str, content: object, token: str = "", *headers: str) -> bytes:
    """Return a POST request with this content as JSON; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = "Content-Type: application/json"
    length = f"Content-Length: {len(body)}"
    return head("POST", path, token, kind, length, *headers) + body


def exchange(port: int, parts: Iterable[bytes]) -> str:
    """Send the parts until the server has had enough; return its status, or why there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        try:
            first = connection.recv(65_536)
            # The rest has to be taken, or the answer counts as one that nobody reads.
            connection.settimeout(0.05)
            with suppress(TimeoutError):
                while connection.recv(65_536):
                    pass
        except ConnectionError:
            first = b""
        except TimeoutError:
            return "no answer"
    return first[9:12].decode() or "closed"
