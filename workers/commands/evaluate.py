"""`netiquette eval`: the model's figures on the labelled test sets."""

from pathlib import Path
from typing import Annotated

import typer

from service.settings import settings
from workers.commands.models import told
from workers.engines import Engine
from workers.models.active import load_engine
from workers.models.evaluation.report import Predict, Row, evaluate, markdown


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
) -> None:
    """Print a Markdown table of the figures, as the model serves on this machine."""
    with told():
        engine = load_engine(settings())
    rows = evaluate(_predict(engine), data, model=settings().model)
    if baseline:
        rows += _baseline(data)
    typer.echo(markdown(rows))


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
