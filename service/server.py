"""The server process of the API."""

import socket
from types import FrameType

import uvicorn

from service.app import create_app
from service.descriptors import raise_limit
from service.http.context import Infrastructure
from service.http.protocol import BoundedProtocol
from service.telemetry import log_as_server

GRACE = 2
"""Seconds that open requests may take after the process was told to end."""


class Server(uvicorn.Server):
    """A uvicorn server that answers waiting callers at once when it is told to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop on SIGINT or SIGTERM: first answer the callers that wait."""
        context: Infrastructure = self.config.app.state.context  # type: ignore[union-attr]  # the application given below
        context.stop_waiting()
        super().handle_exit(sig, frame)


def configure(host: str, port: int) -> uvicorn.Config:
    """Return how the API is served, with its logging and its limits."""
    log_as_server()
    raise_limit()
    return uvicorn.Config(
        create_app(),
        host=host,
        port=port,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,  # `?key=` of the Perspective door must not be logged
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


def serve(host: str, port: int, fd: int | None) -> bool:
    """Serve the API until told to end; tell whether the server had started at all.

    `fd` is an inherited, bound socket to serve on instead of host and port.
    """
    server = Server(configure(host, port))
    server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
    return server.started
