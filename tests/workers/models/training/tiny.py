"""A network and tokenizer small enough to train and to load within a test."""

from typing import Any

import torch

from workers.models.training.dequantise import Shape
from workers.models.training.network import bert_config
from workers.models.training.stages import Start

WORDS = ("▁du", "▁bist", "▁nett", "▁dumm", "▁sehr", "▁heute", "▁", "d", "u", ".", "!")


def tokenizer() -> dict[str, Any]:
    """Tokenise words of ``WORDS`` in the layout of the real ``tokenizer.json``."""
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces: list[list[Any]] = [[special, 0.0] for special in specials]
    pieces += [[word, -float(index + 1)] for index, word in enumerate(WORDS)]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [
        {"id": index, "content": special, **flags, "special": True}
        for index, special in enumerate([*specials, "<mask>"])
    ]
    added[-1]["id"] = len(pieces)
    pieces.append(["<mask>", 0.0])
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    start, end = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("<s>", "</s>"))
    single = [start, {"Sequence": {"id": "A", "type_id": 0}}, end]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, {"Sequence": {"id": "B", "type_id": 0}}, end],
            "special_tokens": {
                name: {"id": name, "ids": [index], "tokens": [name]}
                for name, index in (("<s>", 0), ("</s>", 2))
            },
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
    }


def start() -> Start:
    """Begin as the pipeline does: a configuration, an encoder of random weights, a tokenizer."""
    torch.manual_seed(7)
    made = tokenizer()
    config = bert_config(
        Shape(16, 2, 2, 32, len(made["model"]["vocab"]), 512, 2), len(made["model"]["vocab"])
    )
    config.initializer_range = 0.3  # so few units would learn nothing from BERT's 0.02
    words = torch.randn(config.vocab_size, config.hidden_size)
    return Start(config, {"embeddings.word_embeddings.weight": words}, made)
