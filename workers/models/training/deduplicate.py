"""Keep test and tuning texts out of training, and the same text from counting twice."""

from collections.abc import Iterable
from pathlib import Path

from workers.models.evaluation import reading
from workers.models.evaluation.sets import texts_of_all_sets
from workers.models.training.examples import Example


def test_texts(root: Path) -> set[str]:
    """Normalised texts of every test set."""
    return {reading.normalised(text) for text in texts_of_all_sets(root)}


def deduplicate(examples: Iterable[Example], forbidden: set[str]) -> list[Example]:
    """Examples whose normalised text is new and not forbidden, in order.

    Span examples that say nothing about the text as a whole do not stand for it: the same text may
    come once more with labels.
    """
    seen: set[tuple[bool, str]] = set()
    kept = []
    for example in examples:
        key = (bool(example.labels), reading.normalised(example.text))
        if key[1] and key[1] not in forbidden and key not in seen:
            seen.add(key)
            kept.append(example)
    return kept
