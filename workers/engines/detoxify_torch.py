"""The reference network: the real `detoxify.Detoxify` on torch."""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from workers.engines import Reading

# Nothing here may go online. transformers and the hub's client read these when imported first.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import detoxify
import torch
import transformers
from safetensors.torch import load_file

from workers.manifest import CHECKPOINT, SPAN_HEAD

transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # of transformers


class DetoxifyNetwork:
    """Detoxify with a checkpoint that `workers.models.checkpoint` has installed."""

    def __init__(self, folder: Path, threads: int, device: str = "cpu") -> None:
        """Load the checkpoint, configuration and tokenizer of `folder`; `threads` are torch's."""
        torch.set_num_threads(threads)
        self.detoxify = detoxify.Detoxify(checkpoint=str(folder / CHECKPOINT), device=device)
        backend = self.detoxify.tokenizer.backend_tokenizer
        self.tokenizer = Tokenizer.from_str(backend.to_str())
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._head = self._load_head(folder)
        self.versions = {
            "engine": "detoxify-torch",
            "device": device,
            **{name: version(name) for name in ("detoxify", "torch", "transformers")},
        }

    def run(self, texts: Sequence[str]) -> list[Reading]:
        """Score each text alone, since on CPUs padding costs more than fewer calls save.

        Detoxify gets strings: for a list of one it would return scalars, and for an empty one
        it would raise.
        """
        return [self._run(text) for text in texts]

    def _run(self, text: str) -> Reading:
        found = {name: float(score) for name, score in self.detoxify.predict(text).items()}
        if self._head is None:
            return Reading(found)
        weight, bias = self._head
        marks = torch.sigmoid(self._hidden[0] @ weight[0] + bias).tolist()
        pairs = zip(self.tokenizer.encode(text).offsets, marks, strict=True)
        return Reading(found, tuple((start, end, mark) for (start, end), mark in pairs))

    def _load_head(self, folder: Path) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Load the span head, if there is one, and make each prediction keep its input for it."""
        if not (folder / SPAN_HEAD).is_file():
            return None
        weights = load_file(folder / SPAN_HEAD, device=str(self.detoxify.device))

        def keep(_module: Any, _inputs: Any, outputs: Any) -> None:
            self._hidden = outputs[0]

        self.detoxify.model.base_model.register_forward_hook(keep)
        return weights["weight"].float(), weights["bias"].float()
