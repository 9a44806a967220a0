"""Metrics of binary scores: pure functions over labels (0 or 1) and scores (0..1), shape (n,).

Importing scikit-learn takes seconds, so nothing that serves imports this module.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def macro_f1(labels: Labels, scores: Floats, threshold: float) -> float:
    """Mean F1 of both classes when ``scores`` at or above ``threshold`` count as positive.

    A class that neither occurs nor is predicted counts 0.
    """
    flagged = (scores >= threshold).astype(np.int64)
    return float(f1_score(labels, flagged, labels=[0, 1], average="macro", zero_division=0))


def auc(labels: Labels, scores: Floats) -> float:
    """Chance that a positive scores above a negative, ties counting half (ROC AUC).

    Both classes have to occur.
    """
    return float(roc_auc_score(labels, scores))


def average_precision(labels: Labels, scores: Floats) -> float:
    """Precision averaged over recall, one step per distinct score; a positive has to occur."""
    return float(average_precision_score(labels, scores))


def expected_calibration_error(labels: Labels, scores: Floats, bins: int = 10) -> float:
    """Mean gap between score and share of positives over ``bins`` equal-width bins, by size."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    gap = 0.0
    for index in range(bins):
        inside = place == index
        if inside.any():
            gap += inside.mean() * abs(labels[inside].mean() - scores[inside].mean())
    return float(gap)


def character_f1(pairs: Iterable[tuple[set[int], set[int]]]) -> float:
    """Mean over texts of F1 between marked and predicted offsets (SemEval-2021 task 5).

    A text without marks counts 1 if nothing is predicted, else 0.
    """
    values = []
    for marked, predicted in pairs:
        if not marked or not predicted:
            values.append(float(marked == predicted))
        else:
            values.append(2 * len(marked & predicted) / (len(marked) + len(predicted)))
    return float(np.mean(values))
