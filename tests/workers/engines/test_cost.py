"""What a text may cost: tokens that a network reads, whatever was sent."""

import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from service.domain.costs import most_tokens
from workers.engines import Reading, TooCostlyText
from workers.engines.cost import MAX_TOKENS, TOO_COSTLY
from workers.engines.text_engine import MAX_SENTENCES, TextEngine
from workers.manifest import Manifest

MODELS = Path(__file__).parents[3] / "workers/models"
BUNDLED = MODELS / "bundled/netiquette-de-en"
GERMAN = MODELS / "evaluation/data/civil_de.jsonl"
LONGEST = 10_000
"""Code points of a comment."""


class Counting:
    """A network with the bundled model's tokenizer that counts what it reads."""

    def __init__(self, score: float = 0.9) -> None:
        self.tokenizer = Tokenizer.from_file(str(BUNDLED / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.versions = {"engine": "counting"}
        self.tokens = 0
        self.calls = 0
        self._score = score

    def run(self, texts: Sequence[str]) -> list[Reading]:
        self.calls += len(texts)
        self.tokens += sum(len(self.tokenizer.encode(text)) for text in texts)
        return [Reading(dict.fromkeys(ATTRIBUTES, self._score)) for _ in texts]


ATTRIBUTES = ("toxicity", "insult", "obscene", "identity_attack")


def engine_of(network: Counting) -> TextEngine:
    return TextEngine(Manifest.read(BUNDLED), network)


def german() -> str:
    texts = [json.loads(line)["text"] for line in GERMAN.read_text("utf-8").splitlines()]
    return " ".join(islice(cycle(texts), 2_000))[:LONGEST]


@pytest.mark.parametrize(
    "text",
    ["\ufdfa" * LONGEST, "\ufdfb" * LONGEST, "\U0001f600" * LONGEST, "\ufdfa " * (LONGEST // 2)],
    ids=["18 characters", "8 characters", "emoji", "with spaces"],
)
def test_a_text_of_too_many_tokens_is_read_by_no_network(text: str) -> None:
    network = Counting()
    engine = engine_of(network)
    assert engine.refuses(text) == TOO_COSTLY
    with pytest.raises(TooCostlyText):
        engine.score([text])
    assert network.tokens == 0


def test_the_longest_ordinary_text_is_read() -> None:
    network = Counting(score=0.1)
    engine = engine_of(network)
    assert engine.refuses(german()) is None
    engine.score([german()])
    assert LONGEST / 5 < network.tokens < MAX_TOKENS


def test_half_a_surrogate_pair_is_not_refused_for_its_cost() -> None:
    assert engine_of(Counting()).refuses("\ud83d" * LONGEST) is None


def test_control_tokens_that_become_spaces_are_counted_as_such() -> None:
    """Some tokenizers have a token for each space: what is read is longer than what came."""

    class Spacious(Counting):
        def __init__(self) -> None:
            super().__init__()
            self.tokenizer = Tokenizer.from_str(
                json.dumps(
                    {
                        **json.loads(self.tokenizer.to_str()),
                        "normalizer": None,
                        "pre_tokenizer": None,
                        "model": {"type": "BPE", "vocab": {"<unk>": 3, " ": 4}, "merges": []},
                        "post_processor": None,
                        "decoder": None,
                    }
                )
            )

    text = "</s>" * (LONGEST // 4)
    network = Spacious()
    assert len(network.tokenizer.encode(text)) < MAX_TOKENS
    assert engine_of(network).refuses(text) == TOO_COSTLY


@pytest.mark.parametrize(
    "text",
    [
        german(),
        "Du Idiot! " * (LONGEST // 10),
        "x. " * (LONGEST // 4),
        "\ufdfa" * (MAX_TOKENS // 20),
        "\U0001f600" * MAX_TOKENS,
        ("\U0001f600" * 70 + ". ") * (MAX_TOKENS // 75),
        "!?" * (LONGEST // 2),
        "\n" * (LONGEST // 2) + "a",
    ],
    ids=["german", "insults", "letters", "U+FDFA", "emoji", "over half a window", "marks", "lines"],
)
def test_a_network_reads_a_bounded_number_of_tokens(text: str) -> None:
    """Windows repeat up to as much again, and flagged sentences are read alone once more."""
    network = Counting()
    engine = engine_of(network)
    assert engine.refuses(text) is None
    engine.score([text])
    tokens = len(network.tokenizer.encode(text, add_special_tokens=False))
    specials = 2 * network.calls
    assert network.tokens <= 3 * tokens + specials
    windows = 4 * tokens // 126 + 1
    assert network.calls <= windows + MAX_SENTENCES


@given(st.text(max_size=300))
@example("\ufdfa" * 100)
@example("\u3316\u337f\ufb03" * 30)
@example("\u0390\u1f80\uac01" * 30)
def test_no_text_has_more_tokens_than_the_bound(text: str) -> None:
    assert len(NETWORK.tokenizer.encode(text, add_special_tokens=False)) <= most_tokens(text) + 1


@pytest.mark.parametrize("letter", ["\uff21", "\U0001d400"])
def test_a_tokenizer_of_bytes_may_read_them_as_they_came(letter: str) -> None:
    """RoBERTa's, of Detoxify's unbiased model, has no normalisation that makes one byte of it."""
    assert most_tokens(letter * 10) == len(letter.encode()) * 10


NETWORK = Counting()
