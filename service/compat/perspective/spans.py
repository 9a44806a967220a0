"""The parts of a text that an attribute's score is based on, in Perspective's offsets.

Google's description counts offsets in UTF-16 units, as JavaScript and Java count characters.
"""

from collections.abc import Sequence
from itertools import accumulate

from service.analyses.results import Passage
from service.domain.scores import Attribute

OVERALL: Attribute = "toxicity"
"""The attribute whose spans are all passages that were found, whichever attribute they show."""


def passages_of(attribute: Attribute, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages to show for an attribute, in the order of the text.

    A model names one attribute per passage, the likeliest, and an insult is toxic as well. Of two
    for the same place, the one with the higher score is returned.
    """
    found: dict[tuple[int, int], Passage] = {}
    for passage in sorted(passages, key=lambda passage: passage.score):
        if attribute in (OVERALL, passage.attribute):
            found[passage.start, passage.end] = passage
    return [found[place] for place in sorted(found)]


def utf16_offsets(text: str) -> Sequence[int]:
    """Return the offset in UTF-16 units of each code point, and of the end of the text."""
    if text.isascii():
        return range(len(text) + 1)
    return list(accumulate((1 + (char > "\uffff") for char in text), initial=0))
