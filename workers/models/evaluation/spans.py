"""Measure how well toxic passages are marked: character F1 on the Civil Comments span set."""

from collections.abc import Callable
from pathlib import Path

from workers.models.evaluation import metrics, reading

# A function that returns for each text its toxic ranges (start, end) in characters, end exclusive.
Mark = Callable[[list[str]], list[list[tuple[int, int]]]]


def span_f1(mark: Mark, data_dir: Path, part: str = "test") -> float:
    """Return the mean character F1 over the texts of one part of the set."""
    rows = list(reading.toxic_spans(data_dir, part))
    marked = mark([text for text, _ in rows])
    return metrics.character_f1(
        (offsets, {place for start, end in ranges for place in range(start, end)})
        for (_, offsets), ranges in zip(rows, marked, strict=True)
    )
