"""An engine that is told by words in the text how to fail, and by a file which model it is."""

import hashlib
import mmap
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from service.settings import Settings
from tests.support.fake_worker import FakeEngine
from workers.engines import Scored

STARVES = "FRISST"
SPARE_BYTES = 512 * 1024 * 1024
"""Address space that a scoring process may take beyond what it has with its model loaded."""

SECONDS_PER_TEXT = 0.015


class FaultyEngine(FakeEngine):
    """The invariants' engine; takes its time, has an identity, and can starve."""

    def __init__(self, model: Path) -> None:
        """Load the model, and limit this process's memory."""
        self.model = hashlib.sha256(model.read_bytes()).hexdigest()
        taken = psutil.Process().memory_info().vms
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (taken + SPARE_BYTES, hard))

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score; raises MemoryError for a text that takes more than there is."""
        time.sleep(SECONDS_PER_TEXT * len(texts))
        if any(STARVES in text for text in texts):
            hoard = []
            while True:
                hoard.append(bytearray(mmap.PAGESIZE * 4096))
        return super().score(texts)


def load(settings: Settings, _threads: int) -> FaultyEngine:
    """Load the model that is there now."""
    return FaultyEngine(settings.models_dir / "fake")
