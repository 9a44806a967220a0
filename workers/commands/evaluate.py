"""`netiquette eval`: the model's figures on the labelled test sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from service.settings import settings
from service.telemetry import configure_logging
from workers.commands.models import told
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
        help="Folder of the test sets, one folder each, as docs/models.md names them.",
    ),
]
Card = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Model card to write the figures into."),
]

Figures = Callable[[Engine, Path, str], str]
"""Measures an engine on the test sets below a folder, and shows it by a name, as Markdown."""


def eval_(data: Data, card: Card = None) -> None:
    """Print the figures of the chosen model as Markdown, as it serves on this machine."""
    # Only here: scikit-learn takes seconds to import, and no other command needs it.
    from workers.models.evaluation.figures import figures  # noqa: PLC0415

    measure(data, card, figures)


def measure(data: Path, card: Path | None, figures: Figures) -> None:
    """Print what `figures` tells of the chosen model, and write it into the card, if one is given.

    Ends with exit code 1 where model, data or card will not do.
    """
    configure_logging()
    with told():
        active = chosen.apply_to(settings())
        engine = load_engine(active)
    try:
        if card:
            cards.around(card)  # before minutes are spent on figures that it has no place for
        found = figures(engine, data, active.model)
        typer.echo(found)
        if card:
            cards.put(card, found)
    except (UnexpectedDataError, cards.NoPlace) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
