# ruff: noqa: S311 - seeded variation, no secrets
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.models.training import augment
from workers.models.training.examples import HARMLESS, Example

VULGAR = re.compile(r"\barsch\w*", re.IGNORECASE)
WORDS = st.text(alphabet="abcdeilorstABC", min_size=4, max_size=12)


def harmless(text: str) -> Example:
    return Example(text, HARMLESS, "de", "test")


@given(WORDS, st.integers())
def test_disguises_keep_the_length_they_promise(word: str, seed: int) -> None:
    rng = random.Random(seed)
    assert len(augment.leet(word, rng)) == len(word)
    assert len(augment.masked(word, rng)) == len(word)
    assert len(augment.spaced(word, rng)) == 2 * len(word) - 1
    assert sorted(augment.swapped(word, rng)) == sorted(word)
    stretched = augment.stretched(word, rng)
    assert len(word) < len(stretched) <= len(word) + 3


def test_the_vulgar_word_is_what_gets_disguised() -> None:
    for seed in range(30):
        text = augment.evade("Nachbarn sagen Arschloch dazu", VULGAR, random.Random(seed))
        assert text.startswith("Nachbarn sagen ")
        assert text.endswith(" dazu")


@given(st.text(max_size=60), st.integers())
def test_variants_keep_labels_and_are_never_empty(text: str, seed: int) -> None:
    example = harmless(text or "x")
    varied = augment.vary(example, VULGAR, random.Random(seed))
    assert varied.labels == example.labels
    assert varied.text


def test_texts_with_marked_passages_stay_as_they_are() -> None:
    example = Example("@du Arschloch #x", {}, "en", "civil_whole", ((4, 13),))
    assert all(augment.vary(example, VULGAR, random.Random(seed)) is example for seed in range(20))


def test_composed_comments_carry_the_label_of_their_worst_part() -> None:
    toxic = Example("Du Depp.", {"toxicity": 1.0, "insult": 1.0}, "de", "test")
    plain = [harmless(f"Satz {index}.") for index in range(9)]
    composed = augment.compose(plain, [toxic], 40, random.Random(5))
    assert len(composed) == 40
    for example in composed:
        assert example.toxic == ("Depp" in example.text)
        assert example.text.count(".") >= 2
    assert sum(example.toxic for example in composed) == 14


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_variant(seed: int) -> None:
    example = harmless("@a Das ist ein #schöner Satz, oder etwa nicht?")
    one = augment.vary(example, VULGAR, random.Random(seed))
    assert one == augment.vary(example, VULGAR, random.Random(seed))
