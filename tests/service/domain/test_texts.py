import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import texts
from service.domain.texts import MAX_BODY, MAX_MARKS, clean_body, clean_line

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@given(ANY_TEXT)
def test_a_body_is_refused_or_clean(text: str) -> None:
    try:
        body = clean_body(text)
    except ValueError:
        return
    assert clean_body(body) == body
    assert unicodedata.is_normalized("NFC", body)
    assert body == body.strip()
    assert 1 <= len(body) <= MAX_BODY
    assert all(c in "\t\n" or unicodedata.category(c) not in {"Cc", "Cs"} for c in body)
    body.encode()


@given(ANY_TEXT)
def test_a_line_is_refused_or_clean(text: str) -> None:
    try:
        line = clean_line(text)
    except ValueError:
        return
    assert clean_line(line) == line
    assert unicodedata.is_normalized("NFC", line)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in line)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1))
def test_nothing_visible_is_lost(text: str) -> None:
    try:
        body = clean_body(text)
    except ValueError:
        # blanks that Unicode files as letters or symbols
        assert set(unicodedata.normalize("NFC", text)) <= set("\u115f\u1160\u2800\u3164\uffa0")
        return
    assert body == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("  Hallo \n", "Hallo"),
        ("eins\r\nzwei\rdrei", "eins\nzwei\ndrei"),
        ("a\tb", "a\tb"),
        ("Mu\u0308ller", "Müller"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("שלום", "שלום"),
        ("ä" * MAX_BODY, "ä" * MAX_BODY),
        (" " * 20_000 + "x", "x"),
        ("a\u0308" * MAX_BODY, "ä" * MAX_BODY),
    ],
)
def test_bodies_are_stored_so(raw: str, stored: str) -> None:
    assert clean_body(raw) == stored


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   \n\t",
        "\u200b\u200d\ufeff",
        "\u2800\u3164",
        "\u202e",
        "a\x00b",
        "\x1b[31mrot",
        "a\x85b",
        "\ud800",
        "x" * (MAX_BODY + 1),
        # composes to two code points each: counted as stored
        "\u0958" * (MAX_BODY // 2 + 1),
    ],
)
def test_bodies_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"text|control"):
        clean_body(raw)


def test_a_line_has_no_line_breaks() -> None:
    with pytest.raises(ValueError, match=r"U\+000A"):
        clean_line("a\nb")


STACKED = "a" + "\u0300" * 50_000 + "\u0316" * 50_000
"""Takes NFC some seconds to put in order, and each ten times as many a hundred times as long."""


@pytest.mark.parametrize("clean", [clean_body, clean_line])
@pytest.mark.parametrize("text", [STACKED, "ä" * 1_000_000, "a" + "\u0300\u0316" * 100])
def test_nothing_long_or_stacked_is_normalised(
    monkeypatch: pytest.MonkeyPatch, clean: Callable[[str], str], text: str
) -> None:
    monkeypatch.setattr(texts, "unicodedata", Unnormalising())
    with pytest.raises(ValueError, match=r"characters|accents"):
        clean(text)


class Unnormalising:
    combining = staticmethod(unicodedata.combining)
    category = staticmethod(unicodedata.category)

    def normalize(self, _form: str, _text: str) -> str:
        raise AssertionError("normalised")


def test_as_many_accents_as_unicode_calls_safe_are_kept() -> None:
    stacked = "a" + "\u0301\u0316" * (MAX_MARKS // 2)
    assert len(clean_body(stacked)) == MAX_MARKS
    with pytest.raises(ValueError, match="accents"):
        clean_body(stacked + "\u0301")


def test_where_accents_are_counted_is_told_apart_by_letter() -> None:
    assert clean_body(("e\u0316" * 20 + " ") * 100)
