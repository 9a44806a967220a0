"""`netiquette api`."""

import socket
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from service.app import create_app
from service.context import Context
from service.telemetry import configure_logging


class Server(uvicorn.Server):
    """A server that sends waiting callers home before it waits for open requests."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, on SIGINT or SIGTERM."""
        context: Context = self.config.app.state.context  # type: ignore[union-attr]  # the application given below
        context.waiters.close()
        super().handle_exit(sig, frame)


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    fd: Annotated[
        int | None, typer.Option(help="Serve on this inherited, bound socket instead.")
    ] = None,
) -> None:
    """Serve the API and its pages, in this process."""
    configure_logging()
    config = uvicorn.Config(
        create_app(),
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # `?key=` of the Perspective door must not be logged
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    sockets = None if fd is None else [socket.socket(fileno=fd)]
    server = Server(config)
    server.run(sockets=sockets)
    if not server.started:
        raise typer.Exit(3)
