"""From examples to batches: what one epoch holds, and the tensors of one step."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from workers.models.training.augment import compose, vary
from workers.models.training.examples import Example

MAX_TOKENS = 128
BATCH_SIZE = 16
PADDING = 1
# Rows per source and epoch, where a set is larger than its share of the mixture should be.
EPOCH_ROWS = {
    "davidson": 1000,
    "wiki": 1000,
    "civil_toxic": 900,
    "civil_harmless": 1200,
    "civil_whole": 900,
}
OWN_REPEATS = 3
COMPOSED_ROWS = 3000


@dataclass(frozen=True)
class Batch:
    """Tensors of (batch, tokens), ``targets`` of (batch, attributes); NaN: unknown."""

    ids: torch.Tensor
    mask: torch.Tensor
    targets: torch.Tensor
    spans: torch.Tensor


def epoch_examples(
    examples: Sequence[Example], vulgar: re.Pattern[str], rng: random.Random
) -> list[Example]:
    """Sample and vary the examples of one epoch."""
    by_source: dict[str, list[Example]] = {}
    for example in examples:
        by_source.setdefault(example.source, []).append(example)
    chosen: list[Example] = []
    for source, members in by_source.items():
        rows = EPOCH_ROWS.get(source, len(members))
        chosen += rng.sample(members, min(rows, len(members)))
        if source.startswith("own_"):
            chosen += members * (OWN_REPEATS - 1)
    german = [e for e in examples if e.language == "de" and len(e.text) < 300]
    harmless = [e for e in german if e.harmless and e.labels.get("obscene") != 1.0]
    toxic = [e for e in german if e.toxic]
    chosen += compose(harmless, toxic, COMPOSED_ROWS, rng)
    return [vary(example, vulgar, rng) for example in chosen]


def span_targets(example: Example, offsets: Sequence[tuple[int, int]], width: int) -> list[float]:
    """One target per token: whether it overlaps a marked passage; NaN for special tokens."""
    unknown = float("nan")
    targets = [unknown] * width
    if example.spans is None:
        return targets
    for place, (start, end) in enumerate(offsets):
        if end > start:
            overlaps = any(start < last and first < end for first, last in example.spans)
            targets[place] = float(overlaps)
    return targets


def to_batch(examples: Sequence[Example], tokenizer: Tokenizer) -> Batch:
    """Tokenise and pad one batch; ``tokenizer`` truncates to ``MAX_TOKENS``."""
    encodings = tokenizer.encode_batch([example.text for example in examples])
    width = max(len(encoding.ids) for encoding in encodings)
    pad = [width - len(encoding.ids) for encoding in encodings]
    pairs = list(zip(encodings, pad, strict=True))
    return Batch(
        torch.tensor([encoding.ids + [PADDING] * extra for encoding, extra in pairs]),
        torch.tensor([[1] * len(encoding.ids) + [0] * extra for encoding, extra in pairs]),
        torch.tensor([example.target() for example in examples]),
        torch.tensor(
            [
                span_targets(example, encoding.offsets, width)
                for example, encoding in zip(examples, encodings, strict=True)
            ]
        ),
    )


def plan(examples: Sequence[Example], rng: random.Random) -> list[list[Example]]:
    """Batches of similar length in random order: padding would cost more than it teaches."""
    ordered = sorted(examples, key=lambda example: len(example.text) * rng.uniform(0.9, 1.1))
    batches = [ordered[i : i + BATCH_SIZE] for i in range(0, len(ordered), BATCH_SIZE)]
    rng.shuffle(batches)
    return batches
