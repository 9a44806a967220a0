"""`netiquette up`."""

from typing import Annotated

import typer

from service.settings import settings


def up(
    port: Annotated[
        int, typer.Option(envvar="PORT", help="Port of the API and the pages.", min=1, max=65535)
    ] = 8000,
) -> None:
    """Start everything on this machine, in the foreground; Ctrl-C stops it."""
    from service.embedded.start import run  # noqa: PLC0415 - its processes need not import it

    raise typer.Exit(run(settings(), port))
