"""The reference: the real `detoxify.Detoxify` on torch."""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer

from workers.engines import Score

# Read when transformers and the hub's client are first imported: nothing here goes online.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import detoxify
import torch
import transformers

from workers.models.manifest import CHECKPOINT

transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # of transformers


class DetoxifyNetwork:
    """Detoxify with a checkpoint that `workers.models.checkpoint` has installed."""

    def __init__(self, folder: Path, threads: int, device: str = "cpu") -> None:
        """`folder` holds checkpoint, configuration and tokenizer; `threads` are torch's."""
        torch.set_num_threads(threads)
        self.detoxify = detoxify.Detoxify(checkpoint=str(folder / CHECKPOINT), device=device)
        backend = self.detoxify.tokenizer.backend_tokenizer
        self.tokenizer = Tokenizer.from_str(backend.to_str())
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.versions = {
            "engine": "detoxify-torch",
            "device": device,
            **{name: version(name) for name in ("detoxify", "torch", "transformers")},
        }

    def run(self, texts: Sequence[str]) -> list[Score]:
        """Score each text alone: on CPUs padding costs more than a call saves.

        A list of one would come back as scalars and an empty one raise; a string never does.
        """
        return [
            {name: float(score) for name, score in self.detoxify.predict(text).items()}
            for text in texts
        ]
