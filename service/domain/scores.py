"""The attributes of toxicity, by Detoxify's names, and the check of their scores."""

from collections.abc import Mapping
from math import isfinite
from typing import Literal, get_args

Attribute = Literal[
    "toxicity",
    "severe_toxicity",
    "obscene",
    "identity_attack",
    "insult",
    "threat",
    "sexual_explicit",
]

ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)


def checked_scores(raw: Mapping[str, float]) -> dict[str, float]:
    """Return the known attributes of `raw` as floats in 0..1.

    Raises ValueError when a score is not a number in that range. Otherwise the NaN of a
    network that overflowed would make a comment look harmless.
    """
    scores: dict[str, float] = {name: float(raw[name]) for name in ATTRIBUTES if name in raw}
    wrong = [name for name, score in scores.items() if not (isfinite(score) and 0 <= score <= 1)]
    if wrong:
        raise ValueError(f"scores outside 0..1: {', '.join(wrong)}")
    return scores
