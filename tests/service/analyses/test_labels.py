"""What an erasure finds of what was suggested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.analyses.labels import fingerprint
from service.compat.html import shown_text
from service.domain.texts import clean_body

COMMENT = "Schöne Grüße!\n\nDas sehe ich anders."


@pytest.mark.parametrize(
    "suggested",
    [
        "Schöne Grüße!\r\nDas sehe ich anders.",
        "  Schöne Grüße! Das sehe\u00a0ich anders.\n",
        "Scho\u200b\u0308ne Gru\u0308ße!\n\nDas sehe ich anders.",
        shown_text("<p>Schöne Gr&uuml;&szlig;e!</p><p>Das sehe ich <b>anders</b>.</p>"),
    ],
    ids=["line ends", "spaces", "decomposed", "HTML"],
)
def test_the_same_words_are_found(suggested: str) -> None:
    assert fingerprint(suggested) == fingerprint(COMMENT)


def test_other_words_are_not() -> None:
    assert fingerprint("Das sehe ich anders.") != fingerprint(COMMENT)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_what_a_comment_became_is_found(text: str) -> None:
    try:
        body = clean_body(text)
    except ValueError:
        return
    assert fingerprint(body) == fingerprint(text)
