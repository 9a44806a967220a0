"""The API's port, held by `up` from the beginning to the end."""

import http.client
import socket

from service.embedded.console import StartRefused

HOST = "127.0.0.1"


def url(port: int) -> str:
    """Return the address under which people reach the API."""
    return f"http://{HOST}:{port}"


def bind(port: int) -> socket.socket:
    """Take the port; raises StartRefused when another program has it.

    The API inherits the socket and listens on it. While it restarts, callers
    wait in the socket's queue instead of being refused.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise StartRefused(
            f"Port {port} cannot be used: {error.strerror}. End the program that has it, or "
            f"choose another port: PORT={port + 1} make run"
        ) from error
    return listener


def is_ready(port: int) -> bool:
    """Tell whether a comment can be accepted and scored.

    http.client heeds no proxy settings: loopback calls must not go to a proxy.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
