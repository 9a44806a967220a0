"""Metrics of binary scores: pure functions of labels (0 or 1) and scores (0..1), shape (n,).

Importing scikit-learn takes seconds, so nothing that serves imports this module.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def macro_f1(labels: Labels, scores: Floats, threshold: float) -> float:
    """Return the mean F1 of both classes, with scores of at least ``threshold`` as positive.

    A class that neither occurs nor is predicted counts 0.
    """
    flagged = (scores >= threshold).astype(np.int64)
    return float(f1_score(labels, flagged, labels=[0, 1], average="macro", zero_division=0))


def auc(labels: Labels, scores: Floats) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (ROC AUC).

    Both classes must occur.
    """
    return float(roc_auc_score(labels, scores))


def average_precision(labels: Labels, scores: Floats) -> float:
    """Return precision averaged over recall, one step per distinct score; a positive must occur."""
    return float(average_precision_score(labels, scores))


def expected_calibration_error(labels: Labels, scores: Floats, bins: int = 10) -> float:
    """Return the mean gap between score and share of positives over ``bins`` bins of equal width.

    The mean is weighted by the numbers of texts in the bins.
    """
    place = np.minimum((scores * bins).astype(int), bins - 1)
    gap = 0.0
    for index in range(bins):
        inside = place == index
        if inside.any():
            gap += inside.mean() * abs(labels[inside].mean() - scores[inside].mean())
    return float(gap)


def character_f1(pairs: Iterable[tuple[set[int], set[int]]]) -> float:
    """Return the mean F1 of marked and predicted offsets over all texts (SemEval-2021 task 5).

    A text without marks counts 1 if nothing is predicted, else 0.
    """
    values = []
    for marked, predicted in pairs:
        if not marked or not predicted:
            values.append(float(marked == predicted))
        else:
            values.append(2 * len(marked & predicted) / (len(marked) + len(predicted)))
    return float(np.mean(values))
