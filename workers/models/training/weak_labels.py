"""Labels that word lists can carry where a data set does not give them.

A vulgar word makes a text ``obscene`` (harmless swearing as well), its absence makes it not. A text
without any word of violence is taken for no ``threat``; one with such a word stays unknown.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from workers.models.training.examples import Example

_DATA = Path(__file__).parent / "data"


def pattern(name: str) -> re.Pattern[str]:
    """One expression for a list of words; a ``*`` stands for any letters."""
    lines = (_DATA / name).read_text("utf-8").split()
    words = (re.escape(line).replace(r"\*", r"\w*") for line in lines)
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class WordLists:
    """The two lists as expressions."""

    vulgar: re.Pattern[str]
    violence: re.Pattern[str]


def word_lists() -> WordLists:
    """Read both lists."""
    return WordLists(pattern("vulgar.txt"), pattern("violence.txt"))


def label(example: Example, lists: WordLists) -> Example:
    """Add what the lists can say; given labels are kept, except an ``obscene`` of 0."""
    if not example.labels:
        return example
    labels = dict(example.labels)
    if labels.get("obscene") != 1.0:
        labels["obscene"] = float(lists.vulgar.search(example.text) is not None)
    if "threat" not in labels and not lists.violence.search(example.text):
        labels["threat"] = 0.0
    return replace(example, labels=labels)
