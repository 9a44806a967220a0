"""What a fragment of HTML shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.compat.html import shown_text


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("Nur Text", "Nur Text"),
        ("<p>Eins</p><p>Zwei</p>", "Eins\nZwei"),
        ("Eins<br/>Zwei", "Eins\nZwei"),
        ("I<b>di</b>ot", "Idiot"),
        ("Tom &amp; J&uuml;rgen &#128512;", "Tom & Jürgen 😀"),
        ("<a href='https://x.example'>hier</a>", "hier"),
        ("<script>alert(1)</script>Text<style>p{}</style>", "Text"),
        ("1 < 2 und 3 > 2", "1 < 2 und 3 > 2"),
        ("<!-- nichts -->", ""),
    ],
)
def test_examples(html: str, shown: str) -> None:
    assert shown_text(html) == shown


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert shown_text(text).count("\0") <= text.count("\0")


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_words_stay_as_they_are(word: str) -> None:
    assert shown_text(f"<div><em>{word}</em></div>") == word
