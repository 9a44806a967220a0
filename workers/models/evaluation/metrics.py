"""Metrics of binary scores: pure functions over labels (0 or 1) and scores (0..1), shape (n,)."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def f1(labels: Labels, flagged: npt.NDArray[np.bool_], positive: int) -> float:
    """F1 of one class; 0 where it neither occurs nor is predicted."""
    actual = labels == positive
    predicted = flagged if positive else ~flagged
    hits = int((actual & predicted).sum())
    total = int(actual.sum() + predicted.sum())
    return 2 * hits / total if total else 0.0


def macro_f1(labels: Labels, scores: Floats, threshold: float) -> float:
    """Mean F1 of both classes when ``scores`` at or above ``threshold`` count as positive."""
    flagged = scores >= threshold
    return (f1(labels, flagged, 0) + f1(labels, flagged, 1)) / 2


def auc(labels: Labels, scores: Floats) -> float:
    """Chance that a positive scores above a negative, ties counting half (ROC AUC)."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    _, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    rank_of_group = first + (counts + 1) / 2
    ranks = np.repeat(rank_of_group, counts)
    positive = labels[order] == 1
    positives, negatives = int(positive.sum()), int((~positive).sum())
    above = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def average_precision(labels: Labels, scores: Floats) -> float:
    """Precision averaged over recall, one step per distinct score."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order] == 1)
    last_of_group = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = hits[last_of_group]
    precision = hits / (last_of_group + 1)
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((precision * gained).sum())


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
