"""Find the threshold on new scores that flags as many comments as one did on old scores."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 10_000
"""New thresholds are multiples of 1/STEPS, so that the printed one is exactly the counted one."""

Pair = tuple[float, float]
"""The old and the new score of a comment."""


@dataclass(frozen=True)
class Threshold:
    """An old threshold, the new one in its place, and the comments that they flag.

    A score that equals a threshold is flagged.
    """

    old: float
    new: float | None
    """None where every threshold that flags as few comments flags none."""
    flagged_before: int
    flagged_after: int
    newly_flagged: int
    no_longer_flagged: int


def matching(pairs: Sequence[Pair], level: float) -> Threshold:
    """Return the lowest new threshold that flags at most as many comments as `level` did."""
    flagged = sum(before >= level for before, _ in pairs)
    scores = sorted(after for _, after in pairs)
    new = _above(scores[-flagged - 1]) if flagged < len(scores) else _at_most(scores[0])
    after_all = len(scores) - bisect_left(scores, new)
    newly = sum(before < level and after >= new for before, after in pairs)
    return Threshold(
        old=level,
        new=new if after_all else None,
        flagged_before=flagged,
        flagged_after=after_all,
        newly_flagged=newly,
        no_longer_flagged=flagged - (after_all - newly),
    )


def _above(score: float) -> float:
    step = math.floor(score * STEPS) + 1
    while step / STEPS <= score:  # floats round: 0.57 * 100 is less than 57
        step += 1
    return step / STEPS


def _at_most(score: float) -> float:
    step = math.floor(score * STEPS)
    while step / STEPS > score:
        step -= 1
    return step / STEPS
