"""Run the network over texts, for tuning and for the figures of the model card."""

from collections.abc import Iterator, Sequence

import torch
from tokenizers import Encoding, Tokenizer

from workers.models.training.batches import PADDING
from workers.models.training.network import Network

WINDOW = 512
BATCH = 32


def _by_length(encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    """Yield indices in batches of like length: padding would cost more than it computes."""
    order = sorted(range(len(encodings)), key=lambda index: len(encodings[index].ids))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _forward(network: Network, encodings: Sequence[Encoding]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(encoding.ids) for encoding in encodings)
    ids = [encoding.ids + [PADDING] * (width - len(encoding.ids)) for encoding in encodings]
    tokens = torch.tensor(ids)
    logits, spans = network(tokens, (tokens != PADDING).long())
    return logits, spans


@torch.inference_mode()
def logits_of(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Attribute logits in the order of ``texts``, shape (n, attributes)."""
    tokenizer.enable_truncation(WINDOW)
    network.eval()
    encodings = tokenizer.encode_batch(list(texts))
    logits = torch.zeros(len(texts), network.classifier.classifier.out_features)
    for chosen in _by_length(encodings):
        logits[chosen] = _forward(network, [encodings[index] for index in chosen])[0].float()
    return logits


@torch.inference_mode()
def token_scores(
    network: Network, tokenizer: Tokenizer, texts: Sequence[str]
) -> list[list[tuple[int, int, float]]]:
    """Per text the (start, end, span logit) of its tokens, in characters, end-exclusive."""
    tokenizer.enable_truncation(WINDOW)
    network.eval()
    encodings = tokenizer.encode_batch(list(texts))
    found: list[list[tuple[int, int, float]]] = [[] for _ in texts]
    for chosen in _by_length(encodings):
        spans = _forward(network, [encodings[index] for index in chosen])[1].tolist()
        for index, row in zip(chosen, spans, strict=True):
            tokens = zip(encodings[index].offsets, row, strict=False)
            found[index] = [(start, end, logit) for (start, end), logit in tokens if end > start]
    return found


def join_spans(
    text: str, tokens: Sequence[tuple[int, int, float]], threshold: float
) -> list[tuple[int, int]]:
    """Ranges of neighbouring tokens whose logit reaches ``threshold``, without outer spaces."""
    ranges: list[tuple[int, int]] = []
    for start, end, logit in tokens:
        if logit < threshold:
            continue
        if ranges and not text[ranges[-1][1] : start].strip():
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    trimmed = []
    for first, last in ranges:
        inner = text[first:last].strip()
        start = text.index(inner, first) if inner else last
        trimmed.append((start, start + len(inner)))
    return [(first, last) for first, last in trimmed if first < last]
