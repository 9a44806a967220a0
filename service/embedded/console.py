"""Print the messages of the embedded default on the console."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

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


class Complaints:
    """What is amiss and has been told: each trouble once, until it is over."""

    def __init__(self) -> None:
        """Nothing is amiss yet."""
        self._told: set[str] = set()

    @contextmanager
    def bearing(self, what: str) -> Iterator[None]:
        """Go on after an OSError in the block; complain, unless the last try failed as well.

        `what` begins the complaint, and tells one trouble from another.
        """
        try:
            yield
        except OSError as error:
            if what not in self._told:
                where = f": {error.filename}" if error.filename else ""
                complain(f"{what}: {error.strerror or error}{where}. It is tried again.")
            self._told.add(what)
        else:
            self._told.discard(what)
