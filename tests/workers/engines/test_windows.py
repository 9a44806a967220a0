"""Windows of long texts."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.windows import sentences, windows


def words(text: str) -> int:
    return len(text.split())


def test_a_text_that_fits_is_one_window() -> None:
    assert windows("Kurz. Und gut.", 10, words) == [(0, 14)]


def test_an_empty_text_is_one_empty_window() -> None:
    assert windows("", 10, words) == [(0, 0)]


def test_every_sentence_lies_whole_in_a_window() -> None:
    text = " ".join(f"Das ist der Satz {n}." for n in range(100))
    spans = windows(text, 32, words)
    for start, end in sentences(text):
        assert any(first <= start and end <= last for first, last in spans)


def test_neighbouring_windows_overlap() -> None:
    text = " ".join(f"Satz {n}." for n in range(100))
    spans = windows(text, 32, words)
    pairs = list(itertools.pairwise(spans))
    assert pairs
    assert all(later[0] < earlier[1] for earlier, later in pairs)


def test_a_sentence_without_end_is_cut_at_spaces() -> None:
    text = "wort " * 500
    spans = windows(text, 32, words)
    assert all(text[start] == "w" for start, _ in spans)


@pytest.mark.parametrize("mark", ["!", "…", "?!.", '!"'])
def test_a_long_row_of_marks_takes_no_time_by_its_square(mark: str) -> None:
    text = mark * 200_000
    assert sentences(text) == [(0, len(text))]


@given(st.text(alphabet='ab .!"\n', max_size=60))
def test_a_sentence_ends_where_a_row_of_marks_and_quotes_meets_a_space(text: str) -> None:
    """The same as to try it from each mark, which takes time by the square of a row."""
    plain = re.compile(r"[.!?…]+[\"'»«“”)\]]*\s+|\n+")
    ends = [match.end() for match in plain.finditer(text)]
    assert [end for _, end in sentences(text) if end < len(text)] == [
        end for end in ends if end < len(text)
    ]


@given(st.text(alphabet="ab .!\n😀\u0301", max_size=400), st.integers(16, 40))
def test_windows_cover_everything_and_fit(text: str, capacity: int) -> None:
    spans = windows(text, capacity, len)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(end - start <= capacity for start, end in spans)
    assert all(later[0] <= earlier[1] for earlier, later in itertools.pairwise(spans))
    assert all(earlier[0] < later[0] for earlier, later in itertools.pairwise(spans))


@pytest.mark.parametrize("text", ["Eins. Zwei!\nDrei", "...", "\n\n", "Ja?! Nein…  "])
def test_sentences_are_the_whole_text(text: str) -> None:
    assert "".join(text[start:end] for start, end in sentences(text)) == text
