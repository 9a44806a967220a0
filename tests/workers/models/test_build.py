"""What serves is made from a checkpoint and proven against Detoxify."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from workers.manifest import sha256
from workers.models import build as building
from workers.models import derived, loading, parity
from workers.models.build import INT8_FORMS, build, verify
from workers.models.errors import BuildFailed, NoSpace
from workers.models.loading import graph_folder, load_model
from workers.models.parity import Parity
from workers.models.registry import Model, find


@pytest.fixture
def model(models_dir: Path, few_texts: None) -> Model:
    return find("tiny", models_dir)


@pytest.fixture(autouse=True)
def int8_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fp32 take a second, and each other form a tenth: of the tiny model all take as long."""
    times = itertools.chain([0.0, 1.0], itertools.cycle([0.0, 0.1]))
    monkeypatch.setattr(building, "process_time", times.__next__)


@pytest.fixture
def few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove on few texts: the proof itself is the same."""
    monkeypatch.setattr(parity, "texts", lambda: _TEXTS[:60])


_TEXTS = parity.texts()


def ignore(step: str) -> None:
    pass


def test_there_are_enough_texts_in_both_languages() -> None:
    assert len(parity.proof_texts()) >= 300
    assert len(set(_TEXTS)) == len(_TEXTS)
    assert not set(parity.proof_texts()) & set(parity.calibration_texts())


def test_int8_serves_where_it_is_close(model: Model) -> None:
    steps: list[str] = []
    notes = build(model, steps.append)
    assert notes["form"] == "int8"
    assert notes["tried"]["fp32"]["max_delta"] <= 1e-4
    assert notes["tried"]["int8"]["mean_delta"] <= 0.01
    assert load_model(model).provenance["engine"] == "onnx-int8"
    assert steps[-1] == "trying int8"


def test_built_once(model: Model) -> None:
    build(model, ignore)
    steps: list[str] = []
    build(model, steps.append)
    assert not steps


def test_what_is_not_close_enough_falls_back(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "MAX_MEAN_DELTA", 1e-9)
    notes = build(model, ignore)
    assert notes["form"] == "fp32"
    assert list(notes["tried"]) == ["fp32", *INT8_FORMS]
    assert load_model(model).provenance["engine"] == "onnx-fp32"


def test_what_is_not_faster_is_not_used(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "process_time", itertools.count().__next__)
    assert build(model, ignore)["form"] == "fp32"


def test_an_export_that_scores_differently_never_serves(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "MAX_DELTA_FP32", 0.0)
    with pytest.raises(BuildFailed, match="largest difference"):
        build(model, ignore)
    assert load_model(model).provenance["engine"] == "detoxify-torch"


def test_another_cpu_builds_again(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    build(model, ignore)
    monkeypatch.setattr(loading, "instruction_set", lambda: "another cpu")
    assert load_model(model).provenance["engine"] == "detoxify-torch"
    steps: list[str] = []
    build(model, steps.append)
    assert steps


def test_a_damaged_graph_is_not_loaded(model: Model) -> None:
    build(model, ignore)
    path = graph_folder(model) / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    assert load_model(model).provenance["engine"] == "detoxify-torch"


def test_verify_finds_a_graph_that_scores_differently(model: Model) -> None:
    build(model, ignore)
    assert verify(model, ignore).close()
    folder = graph_folder(model)
    graph = onnx.load(folder / "model.onnx")
    for item in graph.graph.initializer:
        if "classifier.bias" in item.name:
            item.raw_data = np.full(7, 3.0, dtype=np.float32).tobytes()
    onnx.save(graph, folder / "model.onnx")
    _seal(folder)
    with pytest.raises(BuildFailed, match="build it again"):
        verify(model, ignore)


def _seal(folder: Path) -> None:
    """Make the marker fit the files."""
    notes = json.loads((folder / derived.MARKER).read_text())
    notes["files"] = {name: sha256(folder / name) for name in notes["files"]}
    (folder / derived.MARKER).write_text(json.dumps(notes))


def test_a_full_disk_is_told_before_anything_is_made(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 0}))
    with pytest.raises(NoSpace, match="needed"):
        build(model, ignore)


@pytest.mark.parametrize(
    ("reference", "found", "expected"),
    [
        ([0.1, 0.9], [0.1, 0.9], (0.0, 0.0, 1.0)),
        ([0.1, 0.9], [0.2, 0.9], (0.1, 0.05, 1.0)),
        ([0.49, 0.9], [0.51, 0.9], (0.02, 0.01, 0.5)),
    ],
)
def test_parity(reference: list[float], found: list[float], expected: Any) -> None:
    parity_ = Parity.between(
        [{"toxicity": score} for score in reference], [{"toxicity": score} for score in found]
    )
    assert (parity_.max_delta, parity_.mean_delta, parity_.agreement) == pytest.approx(expected)
