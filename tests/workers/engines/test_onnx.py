"""The engine for CPUs scores like Detoxify, without torch."""

import random
import subprocess
import sys

import pytest

from workers.engines.text_engine import TextEngine
from workers.models import parity
from workers.models.build import build
from workers.models.loading import load_model, reference_engine
from workers.models.registry import Model

HOSTILE = ["", "😀", "\u0301" * 3_000, "a" * 3_000, "Null\0byte", "\u202eלום", "</s>" * 200]


@pytest.fixture(scope="module")
def engine(tiny: Model) -> TextEngine:
    build(tiny, print)
    engine = load_model(tiny)
    assert isinstance(engine, TextEngine)
    assert engine.provenance["engine"].startswith("onnx")
    return engine


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_score_like_detoxify(engine: TextEngine, tiny: Model, text: str) -> None:
    expected = reference_engine(tiny).score([text])[0].scores
    assert engine.score([text])[0].scores == pytest.approx(expected, abs=0.15)


def test_neighbours_do_not_move_a_score(engine: TextEngine) -> None:
    texts = parity.texts()[:50]
    before = {text: scored.scores for text, scored in zip(texts, engine.score(texts), strict=True)}
    random.Random(3).shuffle(texts)  # noqa: S311 - not a secret
    after = {text: scored.scores for text, scored in zip(texts, engine.score(texts), strict=True)}
    assert after == before


def test_the_serving_process_never_imports_torch_nor_scikit_learn(
    engine: TextEngine, tiny: Model
) -> None:
    program = f"""
import sys
from pathlib import Path
import workers.cli
from workers.models.loading import load_model
from workers.models.registry import find
engine = load_model(find("tiny", Path({str(tiny.derived.parent)!r})))
assert engine.score(["Hallo"])[0].scores
print(sorted(set(sys.modules) & {{"torch", "transformers", "detoxify", "onnx", "sklearn"}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
