"""Average the weights of several runs."""

from collections.abc import Sequence

import torch

State = dict[str, torch.Tensor]


def average(states: Sequence[State]) -> State:
    """Return the mean of every tensor. The runs must have started from the same weights."""
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]
    }
