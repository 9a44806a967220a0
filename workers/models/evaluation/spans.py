"""How well toxic passages are marked: character F1 on the Civil Comments span test set."""

from collections.abc import Callable
from pathlib import Path

from workers.models.evaluation import metrics, reading

# Maps texts to the (start, end) ranges that are toxic, in characters, end-exclusive.
Mark = Callable[[list[str]], list[list[tuple[int, int]]]]
BATCH = 64


def span_f1(mark: Mark, data_dir: Path, part: str = "test") -> float:
    """Mean character F1 over the texts of one part of the set."""
    rows = list(reading.toxic_spans(data_dir, part))
    pairs: list[tuple[set[int], set[int]]] = []
    for start in range(0, len(rows), BATCH):
        chosen = rows[start : start + BATCH]
        marked = mark([text for text, _ in chosen])
        for (_, offsets), ranges in zip(chosen, marked, strict=True):
            predicted = {place for first, last in ranges for place in range(first, last)}
            pairs.append((offsets, predicted))
    return metrics.character_f1(pairs)
