"""Which passages an attribute shows, and where they lie for Perspective's clients."""

from hypothesis import given
from hypothesis import strategies as st

from service.analyses.results import Passage
from service.compat.perspective.spans import passages_of, utf16_offsets


def passage(start: int, end: int, attribute: str, score: float = 0.9) -> Passage:
    return Passage(start=start, end=end, attribute=attribute, score=score)


def places(passages: list[Passage]) -> list[tuple[int, int, float]]:
    return [(found.start, found.end, found.score) for found in passages]


def test_toxic_is_every_passage_whatever_it_shows() -> None:
    found = [passage(30, 39, "insult"), passage(12, 21, "obscene")]
    assert places(passages_of("toxicity", found)) == [(12, 21, 0.9), (30, 39, 0.9)]
    assert places(passages_of("insult", found)) == [(30, 39, 0.9)]
    assert places(passages_of("threat", found)) == []


def test_a_place_comes_once_with_its_highest_score() -> None:
    found = [passage(0, 5, "insult", 0.8), passage(0, 5, "threat", 0.6), passage(0, 4, "insult")]
    assert places(passages_of("toxicity", found)) == [(0, 4, 0.9), (0, 5, 0.8)]


@given(st.text())
def test_offsets_are_those_of_utf16(text: str) -> None:
    # As in JavaScript; the strategy makes no lone surrogates.
    assert list(utf16_offsets(text)) == [
        len(text[:end].encode("utf-16-le")) // 2 for end in range(len(text) + 1)
    ]
