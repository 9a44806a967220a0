"""Passages in code points of the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.spans import as_spans, passages


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("du Idiot du", [(2, 8, 0.9)], ["Idiot"]),
        ("so ein Vollidiot!", [(11, 16, 0.9)], ["Vollidiot"]),
        ("ein dummes Aas hier", [(4, 10, 0.6), (10, 14, 0.8)], ["dummes Aas"]),
        ("ein dummes, böses Aas", [(4, 10, 0.6), (12, 17, 0.8)], ["dummes", "böses"]),
        ("😀👩‍👩‍👧 Aas", [(8, 10, 0.8)], ["Aas"]),
        ("Volltrottel", [(0, 4, 0.9), (7, 11, 0.9)], ["Volltrottel"]),
        ("alles gut", [(0, 5, 0.4)], []),
        ("   ", [(0, 3, 0.9)], []),
        ("", [(0, 0, 0.9)], []),
    ],
)
def test_passages(text: str, marks: list[tuple[int, int, float]], expected: list[str]) -> None:
    assert [text[start:end] for start, end, _ in passages(text, marks)] == expected


def test_tokens_of_overlapping_windows_count_once() -> None:
    marks = [(4, 10, 0.6), (10, 14, 0.8), (4, 10, 0.7), (10, 14, 0.9)]
    assert passages("ein dummes Aas hier", marks) == [(4, 14, 0.9)]


def test_spans_are_as_the_contract_has_them() -> None:
    assert as_spans([(4, 14, 0.91239)], "insult") == [
        {"start": 4, "end": 14, "attribute": "insult", "score": 0.9124}
    ]


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_passages_are_ordered_and_within_the_text(text: str, places: list[tuple[int, int]]) -> None:
    marks = [(min(pair), max(pair), 0.9) for pair in places if max(pair) <= len(text)]
    found = passages(text, marks)
    assert all(0 <= start < end <= len(text) for start, end, _ in found)
    assert all(text[start:end].strip() for start, end, _ in found)
