"""Calibrate a trained network on the tuning examples, and say how well that holds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from workers.models.evaluation import metrics, reading
from workers.models.training.calibrate import (
    balanced_weights,
    cross_fitted_error,
    fit_platt,
    fold_into,
)
from workers.models.training.examples import ATTRIBUTES, Example
from workers.models.training.network import Network
from workers.models.training.predict import join_spans, logits_of, token_scores

SPAN_THRESHOLDS = np.linspace(-4.0, 3.0, 29)


def calibrate(
    network: Network, tokenizer: Tokenizer, tuning: Sequence[Example]
) -> dict[str, dict[str, float]]:
    """Fold a Platt scale and bias per attribute into ``network``; cross-fitted ECE by language.

    Both languages count the same, since one scale has to serve both.
    """
    logits = logits_of(network, tokenizer, [example.text for example in tuning])
    targets = torch.tensor([example.target() for example in tuning])
    languages = [example.language for example in tuning]
    platts = []
    errors: dict[str, dict[str, float]] = {}
    for index, name in enumerate(ATTRIBUTES):
        known = ~torch.isnan(targets[:, index])
        here = [language for language, kept in zip(languages, known.tolist(), strict=True) if kept]
        column, labels = logits[known, index], targets[known, index]
        weights = balanced_weights(here)
        platts.append(fit_platt(column, labels, weights))
        errors[name] = {
            language: cross_fitted_error(
                column, labels, weights, torch.tensor([entry == language for entry in here])
            )
            for language in ("de", "en")
        }
    fold_into(network.classifier.classifier, platts)
    return errors


def tune_spans(network: Network, tokenizer: Tokenizer, data_dir: Path) -> float:
    """Make 0.5 the best threshold of the span head on the trial set; return its F1 there."""
    rows = list(reading.toxic_spans(data_dir, "trial"))
    tokens = token_scores(network, tokenizer, [text for text, _ in rows])

    def score(threshold: float) -> float:
        pairs = []
        for (text, offsets), row in zip(rows, tokens, strict=True):
            ranges = join_spans(text, row, threshold)
            pairs.append((offsets, {i for first, last in ranges for i in range(first, last)}))
        return metrics.character_f1(pairs)

    best = max(SPAN_THRESHOLDS.tolist(), key=score)
    with torch.no_grad():
        network.span_head.bias.sub_(best)
    return score(best)
