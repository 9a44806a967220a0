"""A network that knows one word, and an engine around it."""

from collections.abc import Sequence

from workers.engines import Reading
from workers.engines.text_engine import TextEngine
from workers.manifest import Manifest
from workers.testing import tiny_tokenizer


class OneWord:
    """A network that finds one word toxic; with or without a span head."""

    def __init__(self, *, marks: bool, toxicity: float = 0.5) -> None:
        """Tell `toxicity` of what an insult scores as toxicity, in 0..1."""
        self.tokenizer = tiny_tokenizer()
        self.versions = {"engine": "word"}
        self.texts: list[str] = []
        self._marks = marks
        self._toxicity = toxicity

    def run(self, texts: Sequence[str]) -> list[Reading]:
        self.texts += texts
        return [self._run(text) for text in texts]

    def _run(self, text: str) -> Reading:
        score = 0.9 if "Idiot" in text else 0.1
        start = text.find("Idiot")
        marks = ((start, start + 5, 0.8),) if self._marks and start >= 0 else ()
        return Reading({"toxicity": score * self._toxicity, "insult": score}, marks)


def engine_of(network: OneWord) -> TextEngine:
    manifest = Manifest(
        name="word",
        version="1",
        source="-",
        licence="-",
        training_data=(),
        attributes=("toxicity", "insult"),
        languages=("de",),
        window=64,
        files={},
    )
    return TextEngine(manifest, network)
