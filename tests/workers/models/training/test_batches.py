# ruff: noqa: S311 - seeded variation, no secrets
import math
import random

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from workers.models.training.batches import (
    BATCH_SIZE,
    EPOCH_ROWS,
    OWN_REPEATS,
    epoch_examples,
    plan,
    span_targets,
    to_batch,
)
from workers.models.training.examples import HARMLESS, Example
from workers.models.training.weak_labels import pattern

VULGAR = pattern("vulgar.txt")


def tokenizer() -> Tokenizer:
    words = {
        word: index for index, word in enumerate(["[UNK]", "<pad>", "du", "bist", "dumm", "."])
    }
    made = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return made


def test_tokens_are_toxic_where_they_overlap_a_marked_passage() -> None:
    example = Example("du bist dumm.", {}, "de", "test", ((8, 12),))
    offsets = [(0, 0), (0, 2), (3, 7), (8, 12), (12, 13), (0, 0)]
    targets = span_targets(example, offsets, 8)
    assert targets[1:5] == [0.0, 0.0, 1.0, 0.0]
    assert all(math.isnan(targets[place]) for place in (0, 5, 6, 7))


def test_without_marks_every_token_is_unknown() -> None:
    example = Example("du", {}, "de", "test")
    assert all(map(math.isnan, span_targets(example, [(0, 2)], 3)))


def test_batches_are_padded_and_masked() -> None:
    batch = to_batch(
        [Example("du bist dumm .", HARMLESS, "de", "t"), Example("du", {}, "de", "t")], tokenizer()
    )
    assert batch.ids.tolist() == [[2, 3, 4, 5], [2, 1, 1, 1]]
    assert batch.mask.tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]
    assert batch.targets[0].tolist() == [0.0] * 5
    assert batch.targets[1].isnan().all()


def test_an_epoch_is_a_plan_of_all_examples_in_batches_of_like_length() -> None:
    examples = [Example("x" * length, HARMLESS, "de", "t") for length in range(1, 101)]
    batches = plan(examples, random.Random(1))
    assert sorted(e.text for batch in batches for e in batch) == sorted(e.text for e in examples)
    assert all(len(batch) <= BATCH_SIZE for batch in batches)
    spread = [max(len(e.text) for e in b) - min(len(e.text) for e in b) for b in batches]
    assert max(spread) < 45


def test_large_sets_are_sampled_and_our_own_repeated() -> None:
    examples = [Example(f"tweet {i}", HARMLESS, "en", "davidson") for i in range(5000)]
    examples += [Example(f"Satz {i}.", HARMLESS, "de", "own_harmless_de") for i in range(20)]
    examples += [Example("Du Depp.", {"toxicity": 1.0}, "de", "own_toxic_de")]
    chosen = epoch_examples(examples, VULGAR, random.Random(2))
    counts = {e.source: sum(c.source == e.source for c in chosen) for e in examples}
    assert counts["davidson"] == EPOCH_ROWS["davidson"]
    assert counts["own_harmless_de"] == 20 * OWN_REPEATS
