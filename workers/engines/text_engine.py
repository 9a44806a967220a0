"""An engine for whole comments, around a network that takes one window at a time."""

from collections.abc import Sequence
from time import perf_counter

from service.domain.scores import checked_scores
from workers.engines import Network, Reading, Scored
from workers.engines.cpu import instruction_set
from workers.engines.windows import windows
from workers.models.manifest import Manifest


class TextEngine:
    """Scores texts of any length: the maximum per attribute over windows."""

    def __init__(self, manifest: Manifest, network: Network) -> None:
        self.model = manifest.identity
        self.provenance = {
            "model": manifest.name,
            "version": manifest.version,
            "cpu": instruction_set(),
            **network.versions,
        }
        self._network = network
        self._attributes = manifest.attributes
        special = network.tokenizer.num_special_tokens_to_add(is_pair=False)
        self._capacity = manifest.window - special

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score each text; as many results as texts, in order; an empty list gives none."""
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Scored:
        started = perf_counter()
        spans = windows(text, self._capacity, self._size)
        found = self._network.run([text[start:end] for start, end in spans])
        scores = checked_scores(self._maximum(found))
        return Scored(scores, perf_counter() - started, forms={"original": scores})

    def _size(self, text: str) -> int:
        return len(self._network.tokenizer.encode(text, add_special_tokens=False))

    def _maximum(self, found: Sequence[Reading]) -> dict[str, float]:
        """Take the highest score of each attribute; a NaN stays, to be refused."""
        return {
            name: max((reading.scores[name] for reading in found), key=_nan_first)
            for name in self._attributes
        }


def _nan_first(score: float) -> tuple[bool, float]:
    return (score != score, score)  # noqa: PLR0124 - true for NaN only
