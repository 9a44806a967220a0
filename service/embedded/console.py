"""What the embedded default says on the console: few lines, readable ones."""

import contextlib

import typer


class StartRefused(Exception):
    """The embedded default cannot start, or cannot go on; the text says what to do."""


def say(text: str = "") -> None:
    """Print one line at once; a console that has gone away is no reason to fail."""
    with contextlib.suppress(OSError):
        typer.echo(text)


def complain(text: str) -> None:
    """Print one line to standard error, under the same promise."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)
