"""The model beside a baseline fitted on the same texts: what `make eval` writes into the card."""

from pathlib import Path

import typer

from benchmarks.baseline import train_baseline
from workers.commands.evaluate import Card, Data, measure
from workers.engines import Engine
from workers.models.evaluation.figures import figures
from workers.models.evaluation.report import Row, evaluate
from workers.models.training.stages import load_data


def baseline(data: Path) -> list[Row]:
    """Fit TF-IDF with logistic regression on the training texts, and measure it (minutes)."""
    labelled = [
        (example.text, round(example.labels["toxicity"]))
        for example in load_data(data).training
        if "toxicity" in example.labels
    ]
    texts, labels = zip(*labelled, strict=True)
    return evaluate(train_baseline(texts, labels), data, model="TF-IDF + LR")


def beside_baseline(engine: Engine, data: Path, name: str) -> str:
    """Return all figures of the engine and of the baseline as Markdown."""
    return figures(engine, data, name, baseline(data))


def main(data: Data, card: Card = None) -> None:
    """Print the figures of the chosen model and of the baseline as Markdown."""
    measure(data, card, beside_baseline)


if __name__ == "__main__":
    typer.run(main)
