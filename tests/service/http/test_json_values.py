"""Values are counted as in JSON: outside strings, wherever the pieces are cut."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.http.json_values import ValueCounter

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(['"', "\\", ',:[{"\\']),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def counted(*pieces: bytes) -> int:
    counter = ValueCounter()
    for piece in pieces:
        counter.add(piece)
    return counter.values


def signs(value: Any) -> int:
    """Return how many commas, colons and opening brackets stand before and between values."""
    match value:
        case dict():
            items, colons = list(value.values()), len(value)
        case list():
            items, colons = value, 0
        case _:
            return 0
    return 1 + colons + max(0, len(items) - 1) + sum(map(signs, items))


@given(document=DOCUMENTS, ascii_only=st.booleans(), data=st.data())
def test_only_what_is_outside_strings_counts(
    document: Any, ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    edges = [0, *cuts, len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]
    assert counted(*pieces) == signs(document)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
@given(document=DOCUMENTS)
@example(document=["\u0122", [], []])
def test_in_other_encodings_no_value_is_missed(document: Any, encoding: str) -> None:
    text = json.dumps(document, ensure_ascii=False).encode(encoding, "surrogatepass")
    assert counted(text) >= signs(document)


IN_UTF_8 = st.binary().map(lambda piece: piece.replace(b"\0", b""))


@given(IN_UTF_8, IN_UTF_8)
@example(b'"\\', b'",')
def test_what_is_no_json_counts_the_same_in_pieces(one: bytes, other: bytes) -> None:
    assert counted(one, other) == counted(one + other)


@pytest.mark.parametrize(
    "text",
    [b'"' + b'\\"' * 500_000, b'"' + b"\\" * 1_000_001, b'"' * 1_000_001, b'"\\a' * 300_000],
    ids=["escaped quotes", "backslashes", "quotes", "strings that end in the next one"],
)
def test_no_text_takes_more_than_one_reading(text: bytes) -> None:
    # By the square of its length it would take hours, and the test's timeout would end it.
    assert counted(text) == 0
