"""Vulgar words, which carry the label ``obscene`` where a data set does not give it."""

import re
from dataclasses import replace
from pathlib import Path

from workers.models.training.examples import Example

_LIST = Path(__file__).parent / "data" / "vulgar.txt"


def pattern() -> re.Pattern[str]:
    """One expression for the listed stems; ``*`` at the end of a line matches any ending."""
    lines = _LIST.read_text("utf-8").split()
    stems = (re.escape(line.removesuffix("*")) + r"\w*" * line.endswith("*") for line in lines)
    return re.compile(rf"\b(?:{'|'.join(stems)})\b", re.IGNORECASE)


def label(example: Example, vulgar: re.Pattern[str]) -> Example:
    """``obscene`` by the word list, unless the data set labelled it as present."""
    if not example.labels or example.labels.get("obscene") == 1.0:
        return example
    found = float(vulgar.search(example.text) is not None)
    return replace(example, labels={**example.labels, "obscene": found})
