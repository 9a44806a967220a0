"""The real scoring worker and engine, around a network that takes its time for each token.

Run as a program: `priced_worker.py score`.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from service.settings import Settings
from service.telemetry import configure_logging
from tests.support.fake_worker import TOXIC
from workers.engines import Reading
from workers.engines.text_engine import TextEngine
from workers.manifest import Manifest
from workers.processes import run_scoring

PROGRAM = Path(__file__)
BUNDLED = PROGRAM.parents[2] / "workers/models/bundled/netiquette-de-en"

TOKENS_PER_SECOND = 310
"""Of the slowest engine on a slow core: see `workers.engines.cost`."""


class PricedNetwork:
    """Knows one toxic word. It has the bundled model's tokenizer, and takes as long as its text."""

    def __init__(self, attributes: Sequence[str]) -> None:
        self.tokenizer = Tokenizer.from_file(str(BUNDLED / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.versions = {"engine": "priced"}
        self._attributes = attributes

    def run(self, texts: Sequence[str]) -> list[Reading]:
        tokens = sum(len(self.tokenizer.encode(text)) for text in texts)
        time.sleep(tokens / TOKENS_PER_SECOND)
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> Reading:
        score = 0.95 if TOXIC in text else 0.01
        return Reading(dict.fromkeys(self._attributes, score))


def load(_settings: Settings, _threads: int) -> TextEngine:
    manifest = Manifest.read(BUNDLED)
    return TextEngine(manifest, PricedNetwork(manifest.attributes))


if __name__ == "__main__":
    configure_logging()
    sys.exit(run_scoring(Settings(), load, 1))
