"""Calibration: a Platt scale and bias per attribute, folded into the last layer.

Folded in, a score of 0.5 means that as many such texts were toxic as not, for every attribute, and
the checkpoint stays a plain one: nothing has to be applied afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from workers.models.evaluation.metrics import expected_calibration_error

FOLDS = 5
STEPS = 50


@dataclass(frozen=True)
class Platt:
    """p = sigmoid(scale · logit + bias)."""

    scale: float
    bias: float

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """Calibrated probabilities, in the shape of ``logits``."""
        return torch.sigmoid(self.scale * logits + self.bias)


def balanced_weights(groups: Sequence[str]) -> torch.Tensor:
    """Weights that let every group count the same, whatever its size; mean 1."""
    counts = {group: groups.count(group) for group in set(groups)}
    share = len(groups) / len(counts)
    return torch.tensor([share / counts[group] for group in groups])


def fit_platt(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> Platt:
    """Weighted logistic regression of ``labels`` on ``logits``, all of shape (n,)."""
    logits, labels, weights = logits.double(), labels.double(), weights.double()
    parameters = torch.tensor([1.0, 0.0], dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = nn.functional.binary_cross_entropy_with_logits(
            parameters[0] * logits + parameters[1], labels, weights
        )
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    scale, bias = parameters.tolist()
    return Platt(scale, bias)


def cross_fitted_error(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, inside: torch.Tensor
) -> float:
    """Calibration error over the rows ``inside``, each calibrated by the folds without it."""
    probabilities = torch.zeros(len(logits))
    fold = torch.arange(len(logits)) % FOLDS
    for index in range(FOLDS):
        others = fold != index
        platt = fit_platt(logits[others], labels[others], weights[others])
        probabilities[~others] = platt(logits[~others]).float()
    return expected_calibration_error(
        labels[inside].numpy().astype(np.int64), probabilities[inside].double().numpy()
    )


def fold_into(layer: nn.Linear, platts: Sequence[Platt]) -> None:
    """Change ``layer`` so that its output becomes scale · output + bias, per attribute."""
    scale = torch.tensor([platt.scale for platt in platts])
    bias = torch.tensor([platt.bias for platt in platts])
    with torch.no_grad():
        layer.weight.mul_(scale[:, None])
        layer.bias.mul_(scale).add_(bias)
