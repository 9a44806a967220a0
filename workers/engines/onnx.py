"""The engine for CPUs: onnxruntime and tokenizers alone, without torch."""

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
    """Load a graph to run on `threads` threads, which sleep while they have nothing to do."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class OnnxNetwork:
    """A graph that `workers.models.build` has made and compared with Detoxify."""

    def __init__(
        self, folder: Path, attributes: Sequence[str], threads: int, form: str = ""
    ) -> None:
        """`folder` holds graph and tokenizer; `form` names the precision, for the record."""
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
        """Score each text alone: int8 scales are per call, so neighbours would move a score."""
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
    """Return the inputs of the graph for one text."""
    row = np.asarray([ids], dtype=np.int64)
    return {"input_ids": row, "attention_mask": np.ones_like(row)}
