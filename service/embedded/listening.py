"""The API's port, which `netiquette up` holds from beginning to end."""

import http.client
import socket

from service.embedded.console import StartRefused

HOST = "127.0.0.1"


def url(port: int) -> str:
    """Return the API's URL for people on this machine."""
    return f"http://{HOST}:{port}"


def bind(port: int) -> socket.socket:
    """Bind a socket to the port; raises StartRefused when another program has it.

    The API inherits the socket and listens on it. While the API restarts, callers wait in
    the socket's queue instead of being refused.
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
    """Tell whether the API is ready to accept comments, and a worker to score them.

    It uses http.client, which ignores proxy settings: loopback calls must not go to a proxy.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
