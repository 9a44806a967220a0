"""`netiquette eval`: the model's figures on the labelled test sets."""

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
from workers.models.evaluation.report import (
    Predict,
    Row,
    by_function,
    evaluate,
    functions_as_markdown,
    markdown,
)
from workers.models.evaluation.spans import Mark, span_f1
from workers.models.loading import load_engine


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
    configure_logging()
    with told():
        active = chosen.apply_to(settings())
        engine = load_engine(active)
    try:
        if card:
            cards.around(card)  # before minutes are spent on figures that it has no place for
        figures = _figures(engine, data, active.model, baseline=baseline)
        typer.echo(figures)
        if card:
            cards.put(card, figures)
    except (UnexpectedDataError, cards.NoPlace) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _figures(engine: Engine, data: Path, name: str, *, baseline: bool) -> str:
    rows = evaluate(_predict(engine), data, model=name)
    if baseline:
        rows += _baseline(data)
    return "\n\n".join(
        [
            f"As served: `{engine.provenance['engine']}`.",
            markdown(rows),
            f"Passages, in flagged texts only: character F1 {span_f1(_mark(engine), data):.3f}.",
            functions_as_markdown(by_function(_predict(engine), data)),
        ]
    )


def _mark(engine: Engine) -> Mark:
    return lambda texts: [
        [(span["start"], span["end"]) for span in result.spans] for result in engine.score(texts)
    ]


def _predict(engine: Engine) -> Predict:
    return lambda texts: [result.scores for result in engine.score(texts)]


def _baseline(data: Path) -> list[Row]:
    # Only here: scikit-learn belongs to development, and takes seconds to import.
    from workers.models.evaluation.baseline import train_baseline  # noqa: PLC0415
    from workers.models.training.stages import load_data  # noqa: PLC0415

    labelled = [
        (example.text, round(example.labels["toxicity"]))
        for example in load_data(data).training
        if "toxicity" in example.labels
    ]
    texts, labels = zip(*labelled, strict=True)
    return evaluate(train_baseline(texts, labels), data, model="TF-IDF + LR")
