"""`netiquette api`."""

import socket
from typing import Annotated

import typer
import uvicorn


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    fd: Annotated[
        int | None, typer.Option(help="Serve on this inherited, bound socket instead.")
    ] = None,
) -> None:
    """Serve the API and its pages, in this process."""
    config = uvicorn.Config(
        "service.app:create_app",
        factory=True,
        host=host,
        port=port,
        access_log=False,  # `?key=` of the Perspective door must not be logged
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    sockets = None if fd is None else [socket.socket(fileno=fd)]
    server = uvicorn.Server(config)
    server.run(sockets=sockets)
    if not server.started:
        raise typer.Exit(3)
