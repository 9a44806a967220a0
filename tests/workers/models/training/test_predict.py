from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.models.training.predict import join_spans

TEXT = "So ein  dummer Idiot 😀!"
TOKENS = [(0, 2), (3, 6), (7, 14), (14, 20), (21, 22), (22, 23)]


@pytest.mark.parametrize(
    ("toxic", "expected"),
    [
        ([], []),
        ([2, 3], ["dummer Idiot"]),
        ([0, 2], ["So", "dummer"]),
        ([1, 2], ["ein  dummer"]),
        ([4], ["😀"]),
    ],
)
def test_neighbours_are_joined_and_trimmed(toxic: list[int], expected: list[str]) -> None:
    tokens = [(*span, 1.0 if place in toxic else -1.0) for place, span in enumerate(TOKENS)]
    assert [TEXT[start:end] for start, end in join_spans(TEXT, tokens, 0.0)] == expected


@given(st.text(max_size=40), st.data())
def test_spans_lie_in_the_text_in_order(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=8)))
    logits = st.floats(-3, 3)
    tokens = [(a, b, data.draw(logits)) for a, b in pairwise(cuts) if a < b]
    end_before = -1
    for start, end in join_spans(text, tokens, 0.0):
        assert end_before < start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        end_before = end
