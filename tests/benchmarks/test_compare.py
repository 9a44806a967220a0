from pathlib import Path

import pytest

from benchmarks import compare
from workers.models.evaluation import sets
from workers.models.training.examples import Example
from workers.models.training.stages import Data
from workers.models.training.weak_labels import word_lists

TEXTS = {"du Depp": 1.0, "so ein Depp": 1.0, "guten Tag": 0.0, "vielen Dank": 0.0}


def test_the_baseline_learns_from_what_is_labelled_toxic_or_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = [Example(text, {"toxicity": toxic}, "de", "own") for text, toxic in TEXTS.items()] * 4
    unknown = [Example("Depp", {}, "de", "civil_whole")]
    data = Data(known + unknown, [], word_lists())
    monkeypatch.setattr(compare, "load_data", lambda _root: data)
    test_set = sets.TestSet("Two", "de", ["du Depp", "guten Tag"], [1, 0])
    monkeypatch.setattr(sets, "load", lambda _root: [test_set])
    (row,) = compare.baseline(tmp_path)
    assert (row.model, row.test_set, row.accuracy) == ("TF-IDF + LR", "Two", 1.0)
