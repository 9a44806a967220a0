import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from workers.models.training.vocabulary import select_pieces, trim

PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "a",
    "b",
    "c",
    "ж",
    "字",
    "!",
    "▁ab",
    "ab",
    "▁abc",
    "ca",
    "bc",
]


def full() -> dict[str, Any]:
    pieces = [[piece, 0.0 if index < 4 else -float(index)] for index, piece in enumerate(PIECES)]
    pieces.append(["<mask>", 0.0])
    specials = [(0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>"), (len(PIECES), "<mask>")]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    special_tokens = {
        t: {"id": t, "ids": [i], "tokens": [t]} for i, t in specials if t in ("<s>", "</s>")
    }
    single = [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": t, **flags, "special": True} for i, t in specials],
        "normalizer": None,
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": special_tokens,
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
    }


@pytest.fixture(scope="module")
def both() -> tuple[Tokenizer, Tokenizer, list[int]]:
    kept = select_pieces(full(), ["abc ab", "ca!"])

    def load(value: dict[str, Any]) -> Tokenizer:
        return Tokenizer.from_str(json.dumps(value))

    return load(full()), load(trim(full(), kept)), kept


def test_unused_pieces_and_foreign_scripts_go(both: tuple[Tokenizer, Tokenizer, list[int]]) -> None:
    _, trimmed, _ = both
    vocabulary = trimmed.get_vocab()
    assert "字" not in vocabulary
    assert "bc" not in vocabulary
    assert {"ж", "!", "▁abc", "<mask>", "<unk>"} <= set(vocabulary)
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))


@given(st.text(alphabet="ab c!ж", max_size=30))
def test_what_is_kept_is_tokenised_as_before(
    both: tuple[Tokenizer, Tokenizer, list[int]], text: str
) -> None:
    whole, trimmed, kept = both
    before = whole.encode(text)
    if set(before.ids) <= set(kept):
        after = trimmed.encode(text)
        assert after.tokens == before.tokens
        assert [kept[new] for new in after.ids] == before.ids


def test_a_dropped_character_becomes_unknown(both: tuple[Tokenizer, Tokenizer, list[int]]) -> None:
    _, trimmed, _ = both
    encoding = trimmed.encode("字")
    assert encoding.ids[-2] == trimmed.token_to_id("<unk>")
