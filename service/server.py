"""The server process of the API."""

import socket
from types import FrameType

import uvicorn

from service.app import create_app
from service.http.context import Infrastructure
from service.http.protocol import BoundedProtocol
from service.telemetry import configure_logging

GRACE = 2
"""Seconds that open requests get when the process is told to end."""


class Server(uvicorn.Server):
    """A server that sends waiting callers home before it waits for open requests."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, on SIGINT or SIGTERM."""
        context: Infrastructure = self.config.app.state.context  # type: ignore[union-attr]  # the application given below
        context.stop_waiting()
        super().handle_exit(sig, frame)


def serve(host: str, port: int, fd: int | None) -> bool:
    """Serve until told to end; `fd`: a bound socket to serve on instead.

    Tells whether the server had started at all.
    """
    configure_logging()
    config = uvicorn.Config(
        create_app(),
        host=host,
        port=port,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,  # `?key=` of the Perspective door must not be logged
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config)
    server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
    return server.started
