"""The network for CPUs, which needs only onnxruntime and tokenizers, not torch."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from workers.engines import Reading

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"


def session(path: Path, threads: int) -> Any:
    """Load a graph that runs on `threads` threads, which sleep instead of spinning when idle."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class OnnxNetwork:
    """A network as a graph that `workers.models.build` has made and compared with Detoxify."""

    def __init__(
        self, folder: Path, attributes: Sequence[str], threads: int, form: str = ""
    ) -> None:
        """Load graph and tokenizer of `folder`; `form` names the precision in the provenance."""
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.versions = {
            "engine": f"onnx-{form}",
            **{name: version(name) for name in ("onnxruntime", "tokenizers")},
        }
        self._attributes = tuple(attributes)
        self._session = session(folder / MODEL, threads)

    def run(self, texts: Sequence[str]) -> list[Reading]:
        """Score each text alone, since int8 scales are per call: other texts would change them."""
        return [self._run(text) for text in texts]

    def _run(self, text: str) -> Reading:
        encoding = self.tokenizer.encode(text)
        scores, *marks = self._session.run(None, encoded(encoding.ids))
        found = dict(zip(self._attributes, scores[0].tolist(), strict=True))
        if not marks:
            return Reading(found)
        pairs = zip(encoding.offsets, marks[0][0].tolist(), strict=True)
        return Reading(found, tuple((start, end, mark) for (start, end), mark in pairs))


def encoded(ids: Sequence[int]) -> dict[str, NDArray[np.int64]]:
    """Return the graph's inputs for the token ids of one text."""
    row = np.asarray([ids], dtype=np.int64)
    return {"input_ids": row, "attention_mask": np.ones_like(row)}
