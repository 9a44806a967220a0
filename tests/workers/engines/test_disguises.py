"""Texts as readers see them, by example and by property."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.texts import clean_body
from tests.support.disguises import DISGUISES
from workers.engines.disguises import undisguise

INSULT = "Du bist so ein Vollidiot, halt die Klappe!"
LETTERS = st.text("abcäöüßÄÖÜ ,.!?\n\t😀€я", min_size=1)
ANY = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_is_taken_off(disguise: Callable[[str], str]) -> None:
    found = undisguise(clean_body(disguise(INSULT)))
    assert found
    # Underscores leave some spaces where there were none.
    shown = found.text.replace(",_", ",").replace(" !", "!").replace(" ,", ",")
    assert " ".join(INSULT.split()) in " ".join(shown.split())


@pytest.mark.parametrize(
    "text",
    [
        "Schöne Grüße aus Köln, Straße und Ärger",
        "Danke ❤️ 👍🏽 👩‍👩‍👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "Я найду тебя й",
        "שלום עולם",
        "مرحبا بالعالم",
        "Zeile\n\tnoch eine",
        "5 __ 6 und ___",
        "",
    ],
)
def test_ordinary_text_is_no_disguise(text: str) -> None:
    assert undisguise(unicodedata.normalize("NFC", text)) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Du_bist_ein_Idiot", "Du bist ein Idiot"),
        ("_wichtig_", " wichtig "),
        ("I_d_i_o_t", "Idiot"),
        ("Du I_d_i_o_t, du", "Du Idiot, du"),
        ("Café, Erdoğan, Łódź", "Cafe, Erdogan, Łodz"),
        ("gru\u0308n", "grün"),
        ("ü\u0332bel", "übel"),
        ("\u1ee5\u0308bel", "übel"),
        ("u\u00ad\u0308bel", "übel"),
        ("\u202eab\u202dcd\u202cef", "fecdba"),
        ("\u202eab\ncd", "ba\ncd"),
        ("ab\u2069\u202cc", "abc"),
        ("\u202eab\u2069cd", "dcba"),
        ("\u2067\u202eab\u2069cd", "bacd"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    found = undisguise(text)
    assert found
    assert found.text == shown


def test_a_passage_is_found_in_the_original() -> None:
    text = "Na du \u202etoi\u00addI\u202c!"
    found = undisguise(text)
    assert found
    start = found.text.index("Idiot")
    first, last = found.original(start, start + 5)
    assert text[first:last] == "toi\u00addI"


@given(LETTERS, st.sampled_from(sorted(DISGUISES)))
def test_a_disguise_of_ordinary_text_hides_no_word(text: str, name: str) -> None:
    disguised = DISGUISES[name](text)
    found = undisguise(disguised)
    shown = found.text if found else disguised
    assert set(filter(str.isalpha, text)) <= set(shown)


@given(ANY)
def test_each_character_has_its_place_in_the_original(text: str) -> None:
    found = undisguise(text)
    if found:
        assert len(found.text) == len(found.places)
        assert len(set(found.places)) == len(found.places)
        assert set(found.places) <= set(range(len(text)))


@given(st.text("ab_\u00ad\u202e\u202c\u2067\u2069\u0308\u0323\n é"))
def test_what_is_shown_holds_nothing_invisible(text: str) -> None:
    found = undisguise(text)
    shown = found.text if found else text
    assert not set(shown) & set("\u00ad\u202e\u202c\u2067\u2069\u0323é")


@given(st.integers(1, 3_000), st.sampled_from(["\u202e", "\u2067", "\u202d\u202e"]))
def test_deep_nesting_ends(depth: int, opener: str) -> None:
    found = undisguise(opener * depth + "ab" * 10)
    assert found
    assert sorted(found.text) == sorted("ab" * 10)
