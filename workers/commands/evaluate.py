"""`netiquette eval`: the model's figures on the labelled test sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import settings
from service.telemetry import configure_logging
from workers.commands.models import told
from workers.models import chosen
from workers.models.evaluation import card as cards
from workers.models.evaluation.reading import UnexpectedDataError
from workers.models.loading import load_engine

if TYPE_CHECKING:
    from workers.models.evaluation.report import Row


def eval_(
    data: Annotated[
        Path,
        typer.Option(
            envvar="NETIQUETTE_DATA",
            exists=True,
            file_okay=False,
            help="Folder of the test sets, one folder each, as docs/models.md names them.",
        ),
    ],
    baseline: Annotated[
        bool, typer.Option(help="Also fit and measure TF-IDF with logistic regression (minutes).")
    ] = False,
    card: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Model card to write the figures into."),
    ] = None,
) -> None:
    """Print the figures of the chosen model as Markdown, as it serves on this machine."""
    # Only here: scikit-learn takes seconds to import, and no other command needs it.
    from workers.models.evaluation.figures import figures  # noqa: PLC0415

    configure_logging()
    with told():
        active = chosen.apply_to(settings())
        engine = load_engine(active)
    try:
        if card:
            cards.around(card)  # before minutes are spent on figures that it has no place for
        found = figures(engine, data, active.model, _baseline(data) if baseline else ())
        typer.echo(found)
        if card:
            cards.put(card, found)
    except (UnexpectedDataError, cards.NoPlace) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _baseline(data: Path) -> "list[Row]":
    from workers.models.evaluation.baseline import train_baseline  # noqa: PLC0415 - as above
    from workers.models.evaluation.report import evaluate  # noqa: PLC0415 - as above
    from workers.models.training.stages import load_data  # noqa: PLC0415 - as above

    labelled = [
        (example.text, round(example.labels["toxicity"]))
        for example in load_data(data).training
        if "toxicity" in example.labels
    ]
    texts, labels = zip(*labelled, strict=True)
    return evaluate(train_baseline(texts, labels), data, model="TF-IDF + LR")
