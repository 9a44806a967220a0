"""Make a real but tiny model in Detoxify's format within a second, for tests that load a model."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFKC
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import BertConfig, BertForSequenceClassification

from service.domain.scores import ATTRIBUTES
from workers.manifest import CHECKPOINT, Manifest, digests

_TEXTS = [
    "Das ist ein sachlicher Beitrag, danke dafür.",
    "So ein Unsinn, Sie haben überhaupt keine Ahnung!",
    "Ich sehe das anders: die Straße gehört allen.",
    "What a fair and careful article, thank you.",
    "You are an idiot, and everybody knows it.",
]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def tiny_tokenizer() -> Tokenizer:
    """Train a tokenizer with the special tokens and the template of XLM-R on a few sentences."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>"))  # noqa: S106 - a token of text
    tokenizer.normalizer = NFKC()
    tokenizer.pre_tokenizer = Metaspace()
    trainer = BpeTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(_TEXTS, trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def write_tiny_model(
    folder: Path, *, name: str = "tiny", attributes: tuple[str, ...] = ATTRIBUTES, seed: int = 1
) -> Manifest:
    """Write a model with random weights, whose scores differ from text to text.

    The folder gets the same files as a bundled model: checkpoint, configuration, tokenizer and
    manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tiny_tokenizer()
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        pad_token_id=1,
        num_labels=len(attributes),  # type: ignore[call-arg]  # of the base class
    )
    torch.manual_seed(seed)
    network = BertForSequenceClassification(config)
    for parameter in network.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=0.3)
    torch.save(checkpoint_of(network, attributes), folder / CHECKPOINT)
    (folder / "config.json").write_text(config.to_json_string(), "utf-8")
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        **dict(zip(("bos", "pad", "eos", "unk", "mask"), SPECIAL, strict=True)),
    }
    settings |= {f"{key}_token": settings.pop(key) for key in ("bos", "pad", "eos", "unk", "mask")}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    manifest = Manifest(
        name=name,
        version="1",
        source="random weights",
        licence="Apache-2.0",
        training_data=(),
        attributes=attributes,
        languages=("de", "en"),
        window=64,
        files=digests(folder),
    )
    manifest.write(folder)
    return manifest


def checkpoint_of(network: torch.nn.Module, attributes: tuple[str, ...]) -> dict[str, Any]:
    """Return a checkpoint in the form that Detoxify writes, in fp16."""
    return {
        "config": {
            "arch": {
                "args": {
                    "model_type": "somewhere",
                    "model_name": type(network).__name__,
                    "tokenizer_name": "PreTrainedTokenizerFast",
                    "num_classes": len(attributes),
                }
            },
            "dataset": {"args": {"classes": list(attributes)}},
        },
        "state_dict": {key: value.half() for key, value in network.state_dict().items()},
    }
