"""BERT's classifier as Detoxify runs it, plus a linear head that marks toxic tokens."""

import math
from typing import Any

import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from workers.models.training.dequantise import Shape
from workers.models.training.examples import ATTRIBUTES

SPAN_WEIGHT = 0.3


def bert_config(shape: Shape, vocabulary: int) -> BertConfig:
    """Configure the classifier over the trimmed vocabulary."""
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        pad_token_id=1,
        id2label=dict(enumerate(ATTRIBUTES)),
        label2id={name: index for index, name in enumerate(ATTRIBUTES)},
        problem_type="multi_label_classification",
    )


class Network(nn.Module):
    """Classifier over ``[CLS]`` and span head over every token, sharing one encoder."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.classifier = BertForSequenceClassification(config)
        self.span_head = nn.Linear(config.hidden_size, 1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (batch, tokens) to attribute logits (batch, A) and span logits (batch, tokens)."""
        bert = self.classifier.bert
        hidden = bert(input_ids=ids, attention_mask=mask)
        pooled = self.classifier.dropout(hidden.pooler_output)
        return self.classifier.classifier(pooled), self.span_head(hidden.last_hidden_state).squeeze(
            -1
        )


def masked_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over the known targets only (NaN: unknown); 0 where nothing is known."""
    known = ~torch.isnan(targets)
    if not known.any():
        return logits.sum() * 0.0
    return nn.functional.binary_cross_entropy_with_logits(
        logits[known].float(), targets[known].float()
    )


def parameter_groups(
    network: Network, rate: float, head_rate: float, decay: float
) -> list[dict[str, Any]]:
    """Decay the learning rate by layer: ``rate`` for the last, ``decay`` of it for the next below.

    Embeddings stay frozen: most pieces are rare in the training texts, and moving the frequent ones
    alone would tear them from the rest.
    """
    network.classifier.bert.embeddings.requires_grad_(False)
    layers = network.classifier.bert.encoder.layer
    groups: list[dict[str, Any]] = [
        {"params": list(layer.parameters()), "lr": rate * decay ** (len(layers) - 1 - index)}
        for index, layer in enumerate(layers)
    ]
    pooler = network.classifier.bert.pooler
    assert pooler is not None  # noqa: S101 - the classifier is built with one
    heads = [
        *pooler.parameters(),
        *network.classifier.classifier.parameters(),
        *network.span_head.parameters(),
    ]
    groups.append({"params": heads, "lr": head_rate})
    return groups


def warmup_then_linear(step: int, steps: int, warmup: float) -> float:
    """Factor on the learning rate: up over the first ``warmup`` share of steps, then down to 0."""
    rising = max(1, math.ceil(steps * warmup))
    return min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))
