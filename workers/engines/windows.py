"""Split a long text into overlapping windows that end where sentences end. Pure functions."""

import re
from collections.abc import Callable

Span = tuple[int, int]

# A match begins where a row of marks begins: tried from each mark of a long row, the search
# would take time by the square of it.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'»«“”)\]]*\s+|\n+")


def sentences(text: str) -> list[Span]:
    """Return the spans of the sentences in code points; together they cover the whole text."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if not ends or ends[-1] != len(text):
        ends.append(len(text))
    return list(zip([0, *ends], ends, strict=False))


def pieces(text: str, limit: int, size: Callable[[str], int]) -> list[Span]:
    """Return the spans of the sentences, with those of more than `limit` tokens split."""
    return [part for span in sentences(text) for part in _fitting(text, span, limit, size)]


def windows(text: str, capacity: int, size: Callable[[str], int]) -> list[Span]:
    """Return spans of `text` in code points that hold at most `capacity` tokens each.

    A text that fits is one span. Otherwise each sentence of at most half a window is whole in
    at least one window, and up to a quarter of each window repeats the one before. `size`
    counts the tokens of a piece of text.
    """
    if size(text) <= capacity:
        return [(0, len(text))]
    parts = pieces(text, capacity // 2, size)
    sizes = [size(text[start:end]) for start, end in parts]
    found: list[Span] = []
    first = 0
    while True:
        last, total = first, sizes[first]
        while last + 1 < len(parts) and total + sizes[last + 1] <= capacity:
            last += 1
            total += sizes[last]
        # Joined pieces may need more tokens than the pieces alone.
        while last > first and size(text[parts[first][0] : parts[last][1]]) > capacity:
            last -= 1
        found.append((parts[first][0], parts[last][1]))
        if last + 1 == len(parts):
            return found
        first = _overlapping(sizes, first, last, capacity // 4)


def _overlapping(sizes: list[int], first: int, last: int, share: int) -> int:
    """Return the index of the next window's first piece; at most `share` tokens are repeated."""
    start, repeated = last + 1, 0
    while start - 1 > first and repeated + sizes[start - 1] <= share:
        start -= 1
        repeated += sizes[start]
    return start


def _fitting(text: str, span: Span, limit: int, size: Callable[[str], int]) -> list[Span]:
    """Halve the span until each part fits, at a space if there is one near the middle."""
    start, end = span
    if end - start <= 1 or size(text[start:end]) <= limit:
        return [span]
    middle = (start + end) // 2
    space = text.rfind(" ", start + (end - start) // 4, middle)
    cut = space + 1 if space >= 0 else middle
    return [*_fitting(text, (start, cut), limit, size), *_fitting(text, (cut, end), limit, size)]
