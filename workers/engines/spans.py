"""Find the toxic passages of a text. Pure functions."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

FLAGGED = 0.5
"""Lowest score 0..1 at which a text, a token or a sentence counts as toxic."""

Mark = tuple[int, int, float]


def passages(text: str, marks: Iterable[Mark], least: float = FLAGGED) -> list[Mark]:
    """Join marks of at least `least` to passages of whole words, across white space.

    Returns start, end (code points, exclusive) and highest mark of each passage. Tokens may
    come twice, where windows overlap.
    """
    found: list[Mark] = []
    whole = (_in_words(text, mark) for mark in marks if mark[2] >= least)
    for start, end, mark in sorted(place for place in whole if place):
        if found and not text[found[-1][1] : start].strip():
            first, last, highest = found[-1]
            found[-1] = (first, max(last, end), max(highest, mark))
        else:
            found.append((start, end, mark))
    return found


def as_spans(marks: Sequence[Mark], attribute: str) -> list[dict[str, Any]]:
    """Return marks in the form of the API: code points, end exclusive."""
    return [
        {"start": start, "end": end, "attribute": attribute, "score": round(mark, 4)}
        for start, end, mark in marks
    ]


def _in_words(text: str, passage: Mark) -> Mark | None:
    """Return the passage without white space around it, and extended to whole words.

    It is extended since tokens may be parts of words.
    """
    start, end, mark = passage
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start >= end:
        return None
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and _continues(text[end]) and text[end - 1].isalnum():
        end += 1
    return start, end, mark


def _continues(character: str) -> bool:
    return character.isalnum() or unicodedata.combining(character) != 0
