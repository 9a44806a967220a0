"""Print the messages of the embedded default on the console."""

import contextlib

import typer


class StartRefused(Exception):
    """The embedded default cannot start, or cannot go on. The message says what to do."""


def say(text: str = "") -> None:
    """Print one line at once; does nothing where the console is gone."""
    with contextlib.suppress(OSError):
        typer.echo(text)


def complain(text: str) -> None:
    """Print one line to standard error; does nothing where the console is gone."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)
