"""What one training example is: a text, what is known about it, and what is not.

Labels are per attribute 1.0, 0.0 or ``None``: no data set labels everything, and an unknown label
must not teach anything (the loss is masked).
"""

from dataclasses import dataclass, field, replace

ATTRIBUTES = ("toxicity", "insult", "obscene", "identity_attack", "threat")
Labels = dict[str, float]
HARMLESS: Labels = dict.fromkeys(ATTRIBUTES, 0.0)


@dataclass(frozen=True)
class Example:
    """One text with its known labels; an attribute missing from ``labels`` is unknown.

    ``spans``: (start, end) of the toxic passages in characters, end-exclusive; ``None`` where
    nobody marked them.
    """

    text: str
    labels: Labels
    language: str
    source: str
    spans: tuple[tuple[int, int], ...] | None = field(default=None)

    def target(self) -> list[float]:
        """Labels in the order of ``ATTRIBUTES``, NaN for the unknown."""
        return [self.labels.get(name, float("nan")) for name in ATTRIBUTES]

    @property
    def toxic(self) -> bool:
        """Whether it is known to be toxic."""
        return self.labels.get("toxicity") == 1.0

    @property
    def harmless(self) -> bool:
        """Whether it is known not to be toxic."""
        return self.labels.get("toxicity") == 0.0

    def with_text(self, text: str) -> "Example":
        """Keep the labels on a changed text; marks of passages no longer fit and are dropped."""
        return self if text == self.text else replace(self, text=text, spans=None)


def ranges(offsets: set[int]) -> tuple[tuple[int, int], ...]:
    """Character offsets as sorted (start, end) ranges, end-exclusive."""
    found: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if found and found[-1][1] == offset:
            found[-1] = (found[-1][0], offset + 1)
        else:
            found.append((offset, offset + 1))
    return tuple(found)
