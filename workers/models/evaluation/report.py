"""Run a model on all test sets, and show the figures as a Markdown table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.models.evaluation import metrics, sets

Predict = Callable[[list[str]], list[dict[str, float]]]
THRESHOLD = 0.5
BATCH = 64


@dataclass(frozen=True)
class Row:
    """The figures of one model on one test set; ``None`` where the set has only one class."""

    model: str
    test_set: str
    language: str
    size: int
    positives: int
    macro_f1_at_half: float | None
    macro_f1: float | None
    auc: float | None
    average_precision: float | None
    calibration_error: float
    accuracy: float
    flagged: float
    false_positives: float


def scores_of(predict: Predict, texts: Sequence[str]) -> metrics.Floats:
    """Return the toxicity of each text, in order.

    Texts are scored in the order of their length, since padding costs time.
    """
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    scores = np.zeros(len(texts))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        predicted = predict([texts[index] for index in chosen])
        scores[chosen] = [score["toxicity"] for score in predicted]
    return scores


def row(model: str, test_set: sets.TestSet, scores: metrics.Floats, threshold: float) -> Row:
    """Return the figures of the given scores on one test set."""
    labels = np.array(test_set.labels)
    flagged = scores >= threshold
    negative = labels == 0
    both = 0 < labels.sum() < len(labels)
    return Row(
        model=model,
        test_set=test_set.name,
        language=test_set.language,
        size=len(labels),
        positives=int(labels.sum()),
        macro_f1_at_half=metrics.macro_f1(labels, scores, 0.5) if both else None,
        macro_f1=metrics.macro_f1(labels, scores, threshold) if both else None,
        auc=metrics.auc(labels, scores) if both else None,
        average_precision=metrics.average_precision(labels, scores) if both else None,
        calibration_error=metrics.expected_calibration_error(labels, scores),
        accuracy=float((flagged == (labels == 1)).mean()),
        flagged=float(flagged.mean()),
        false_positives=float(flagged[negative].mean()),
    )


def evaluate(
    predict: Predict, data_dir: Path, model: str = "model", threshold: float = THRESHOLD
) -> list[Row]:
    """Return one row per test set; ``predict`` maps texts to scores by attribute."""
    return [
        row(model, test_set, scores_of(predict, test_set.texts), threshold)
        for test_set in sets.load(data_dir)
    ]


def by_function(predict: Predict, data_dir: Path) -> list[tuple[str, int, float]]:
    """Return for each function of HateCheck its name, cases, and accuracy at THRESHOLD."""
    cases = sets.hatecheck(data_dir)
    right = (scores_of(predict, cases.texts) >= THRESHOLD) == (np.array(cases.labels) == 1)
    groups = np.array(cases.groups)
    names = sorted(set(groups.tolist()))
    return [(n, int((groups == n).sum()), float(right[groups == n].mean())) for n in names]


def functions_as_markdown(found: Sequence[tuple[str, int, float]]) -> str:
    """Render the accuracy by function of HateCheck as a Markdown table."""
    lines = ["| function of HateCheck | cases | accuracy |", "|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| {name} | {size} | {right:.2f} |" for name, size, right in found)]
    )


def markdown(rows: Sequence[Row]) -> str:
    """Render the rows as the Markdown table of the model card."""

    def shown(value: float | None) -> str:
        return "n/a" if value is None else f"{value:.3f}"

    def percent(value: float) -> str:
        return f"{100 * value:.1f} %"

    titles = ["test set", "model", "texts (toxic)", "macro-F1 at 0.5", "macro-F1 at threshold"]
    titles += ["AUC", "average precision", "ECE", "accuracy", "flagged", "false positives"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for test_set in dict.fromkeys(entry.test_set for entry in rows):
        for entry in (entry for entry in rows if entry.test_set == test_set):
            figures = (
                entry.macro_f1_at_half,
                entry.macro_f1,
                entry.auc,
                entry.average_precision,
                entry.calibration_error,
            )
            shares = (entry.accuracy, entry.flagged, entry.false_positives)
            cells = [
                f"{entry.test_set} ({entry.language})",
                entry.model,
                f"{entry.size:,} ({entry.positives:,})",
                *map(shown, figures),
                *map(percent, shares),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
