"""`netiquette eval`: measure the model on the labelled test sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from service.settings import settings
from service.telemetry import configure_logging
from workers.commands.models import errors_explained
from workers.engines import Engine
from workers.models import chosen
from workers.models.evaluation import card as cards
from workers.models.evaluation.reading import UnexpectedDataError
from workers.models.loading import load_engine

Data = Annotated[
    Path,
    typer.Option(
        envvar="NETIQUETTE_DATA",
        exists=True,
        file_okay=False,
        help="Folder with one folder per test set, named as in docs/models.md.",
    ),
]
Card = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Model card to write the figures into."),
]

Figures = Callable[[Engine, Path, str], str]
"""A function of an engine, the folder of the test sets and the model's name; gives Markdown."""


def eval_(data: Data, card: Card = None) -> None:
    """Measure the chosen model, in the form that serves on this machine; print Markdown."""
    # Imported here, since scikit-learn takes seconds to import, and no other command needs it.
    from workers.models.evaluation.figures import figures  # noqa: PLC0415

    measure(data, card, figures)


def measure(data: Path, card: Path | None, figures: Figures) -> None:
    """Print the `figures` of the chosen model, and write them into the card, if one is given.

    Exits with code 1 where the model, the data or the card cannot be used.
    """
    configure_logging()
    with errors_explained():
        active = chosen.apply_to(settings())
        engine = load_engine(active)
    try:
        if card:
            cards.around(card)  # fails before minutes are spent on measuring
        found = figures(engine, data, active.model)
        typer.echo(found)
        if card:
            cards.put(card, found)
    except (UnexpectedDataError, cards.NoPlace) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
