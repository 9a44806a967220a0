"""Prove that a derived form of a model gives the same scores as Detoxify."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from service.policy.document import FIRST_POLICY

MAX_DELTA_FP32 = 1e-4
MAX_MEAN_DELTA = 0.01
MIN_AGREEMENT = 0.995
CALIBRATION_SHARE = 4

Scores = dict[str, float]


def texts() -> list[str]:
    """Return the bundled German and English texts."""
    path = Path(__file__).with_name("texts.jsonl")
    with path.open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def calibration_texts() -> list[str]:
    """Return the texts on which sizes of activations are measured; they are no proof texts."""
    return texts()[::CALIBRATION_SHARE]


def proof_texts() -> list[str]:
    """Return the texts on which forms are compared: more than 300."""
    return [text for index, text in enumerate(texts()) if index % CALIBRATION_SHARE]


@dataclass(frozen=True)
class Parity:
    """The differences between the scores of a form and of Detoxify on the proof texts."""

    max_delta: float
    mean_delta: float
    agreement: float
    """Share 0..1 of texts with the same decision at the thresholds of the first policy."""

    @classmethod
    def between(cls, reference: Sequence[Scores], found: Sequence[Scores]) -> "Parity":
        """Compare two scorings of the same texts."""
        deltas = [
            abs(expected[name] - scores[name])
            for expected, scores in zip(reference, found, strict=True)
            for name in expected
        ]
        same = [
            _flagged(expected) == _flagged(scores)
            for expected, scores in zip(reference, found, strict=True)
        ]
        return cls(max(deltas), fmean(deltas), fmean(same))

    def exact(self) -> bool:
        """Tell whether the differences are as small as an fp32 form must have them."""
        return self.max_delta <= MAX_DELTA_FP32

    def close(self) -> bool:
        """Tell whether the differences are small enough for a quantised form to serve."""
        return self.mean_delta <= MAX_MEAN_DELTA and self.agreement >= MIN_AGREEMENT

    def __str__(self) -> str:
        """Return the figures as a text."""
        return (
            f"largest difference {self.max_delta:.2g}, mean {self.mean_delta:.4f}, "
            f"{self.agreement:.2%} same decisions"
        )


def _flagged(scores: Scores) -> bool:
    return any(
        scores.get(name, 0.0) >= threshold for name, threshold in FIRST_POLICY.flag_at.items()
    )
