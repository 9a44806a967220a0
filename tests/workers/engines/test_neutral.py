"""What steers a network is taken out, at the same length."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from workers.engines.neutral import Neutraliser
from workers.models.registry import BUNDLED
from workers.testing import SPECIAL, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
NEUTRAL = Neutraliser(TOKENIZER)


@pytest.mark.parametrize("token", SPECIAL)
def test_control_tokens_become_spaces(token: str) -> None:
    assert NEUTRAL(f"Du {token} Idiot") == f"Du {' ' * len(token)} Idiot"


def test_control_tokens_that_appear_by_normalisation_become_spaces() -> None:
    """The tokenizer of XLM-R makes `</s>` of wide brackets, and takes it for its own."""
    path: Path = BUNDLED / "netiquette-de-en" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    text = Neutraliser(tokenizer)("Du \uff1c/s\uff1e Idiot \uff1cmask\uff1e")
    assert not {0, 1, 2} & set(tokenizer.encode(text, add_special_tokens=False).ids)
    assert "Idiot" in text


@pytest.mark.parametrize("markup", ["<b>", "</b>", "<br/>", "<BR />", "[b]", "[/quote]", "</h1>"])
def test_bare_markup_becomes_spaces(markup: str) -> None:
    assert NEUTRAL(f"Du {markup}Idiot") == f"Du {' ' * len(markup)}Idiot"


@pytest.mark.parametrize(
    "text",
    [
        "Du <idiot>!",
        "3 < 4 und 5 > 2",
        "<a href='x'>Idiot</a",
        "[sic]",
        "ein < b > c",
        "Ψ ﷺ ☃ 漢字",
    ],
)
def test_what_readers_see_is_kept(text: str) -> None:
    assert NEUTRAL(text) == text


@given(st.text(alphabet="<>/sb[]mask \uff1c\uff1e😀é", max_size=80))
def test_length_stays_and_no_control_token_is_left(text: str) -> None:
    clean = NEUTRAL(text)
    assert len(clean) == len(text)
    controls = set(range(len(SPECIAL))) - {SPECIAL.index("<unk>")}
    assert not controls & set(TOKENIZER.encode(clean, add_special_tokens=False).ids)
