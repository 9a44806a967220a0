"""`netiquette api`."""

from typing import Annotated

import typer


def api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    fd: Annotated[
        int | None, typer.Option(help="Serve on this inherited, bound socket instead.")
    ] = None,
) -> None:
    """Serve the API and its pages, in this process."""
    from service.server import serve  # noqa: PLC0415 - half a second, for this command alone

    if not serve(host, port, fd):
        raise typer.Exit(3)
