"""Checkpoints that must never reach Detoxify."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from workers.manifest import CHECKPOINT, CorruptModel, Manifest, digests
from workers.models.errors import UnsafeCheckpoint, WrongCheckpoint
from workers.models.loading import load_model
from workers.models.registry import find


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def seal(folder: Path) -> None:
    """Make the manifest name the files as they are now: only the content is wrong."""
    manifest = Manifest.read(folder)
    manifest.model_copy(update={"files": digests(folder)}).write(folder)


@pytest.fixture
def change(models_dir: Path) -> Callable[[Callable[[dict[str, Any]], None]], None]:
    """Return a function that changes the checkpoint and seals the model again."""

    def apply(edit: Callable[[dict[str, Any]], None]) -> None:
        path = models_dir / "tiny" / CHECKPOINT
        checkpoint = torch.load(path, weights_only=True)
        edit(checkpoint)
        torch.save(checkpoint, path)
        seal(models_dir / "tiny")

    return apply


def test_a_wrong_hash_is_refused_before_the_file_is_opened(models_dir: Path) -> None:
    trace = models_dir / "trace"
    (models_dir / "tiny" / CHECKPOINT).write_bytes(pickle.dumps(Bomb(trace), protocol=2))
    with pytest.raises(CorruptModel):
        load_model(find("tiny", models_dir))
    assert not trace.exists()


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_bomb_does_not_go_off(models_dir: Path, zipped: bool) -> None:
    trace = models_dir / "trace"
    path = models_dir / "tiny" / CHECKPOINT
    if zipped:
        torch.save({"config": Bomb(trace), "state_dict": {}}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb(trace), protocol=2))
    seal(models_dir / "tiny")
    with pytest.raises(UnsafeCheckpoint):
        load_model(find("tiny", models_dir))
    assert not trace.exists()


def test_a_missing_head_is_refused(models_dir: Path, change: Any) -> None:
    change(lambda checkpoint: checkpoint["state_dict"].pop("classifier.weight"))
    with pytest.raises(WrongCheckpoint, match="1 weights missing"):
        load_model(find("tiny", models_dir))


def test_foreign_keys_are_refused(models_dir: Path, change: Any) -> None:
    def edit(checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"] = {
            f"module.{key}": value for key, value in checkpoint["state_dict"].items()
        }

    change(edit)
    with pytest.raises(WrongCheckpoint, match="missing"):
        load_model(find("tiny", models_dir))


def test_another_shape_is_refused(models_dir: Path, change: Any) -> None:
    def edit(checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"]["classifier.weight"] = torch.zeros(3, 32)

    change(edit)
    with pytest.raises(WrongCheckpoint, match="shape"):
        load_model(find("tiny", models_dir))


def test_position_ids_of_older_versions_do_no_harm(models_dir: Path, change: Any) -> None:
    before = load_model(find("tiny", models_dir)).score(["Na so was!"])[0].scores

    def edit(checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"]["bert.embeddings.position_ids"] = torch.arange(512)[None]

    change(edit)
    assert load_model(find("tiny", models_dir)).score(["Na so was!"])[0].scores == before


def test_more_outputs_than_classes_are_cut(models_dir: Path, change: Any) -> None:
    """The published `unbiased` has 16 outputs and 7 classes."""
    before = load_model(find("tiny", models_dir)).score(["Na so was!"])[0].scores

    def edit(checkpoint: dict[str, Any]) -> None:
        state = checkpoint["state_dict"]
        for name in ("classifier.weight", "classifier.bias"):
            state[name] = torch.cat([state[name], torch.ones_like(state[name][:2])])
        checkpoint["config"]["arch"]["args"]["num_classes"] += 2

    change(edit)
    assert load_model(find("tiny", models_dir)).score(["Na so was!"])[0].scores == pytest.approx(
        before
    )


def test_other_classes_than_the_manifest_says_are_refused(models_dir: Path, change: Any) -> None:
    change(lambda checkpoint: checkpoint["config"]["dataset"]["args"]["classes"].reverse())
    with pytest.raises(WrongCheckpoint, match="manifest"):
        load_model(find("tiny", models_dir))


@pytest.mark.parametrize("name", ["eval", "pipeline", "NoSuchForSequenceClassification"])
def test_foreign_classes_are_refused(models_dir: Path, change: Any, name: str) -> None:
    change(lambda checkpoint: checkpoint["config"]["arch"]["args"].update(model_name=name))
    with pytest.raises(UnsafeCheckpoint, match="transformers"):
        load_model(find("tiny", models_dir))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_rubbish_is_refused(models_dir: Path, content: bytes) -> None:
    (models_dir / "tiny" / CHECKPOINT).write_bytes(content)
    seal(models_dir / "tiny")
    with pytest.raises((WrongCheckpoint, UnsafeCheckpoint)):
        load_model(find("tiny", models_dir))


def test_something_else_than_a_checkpoint_is_refused(models_dir: Path) -> None:
    torch.save([1, 2, 3], models_dir / "tiny" / CHECKPOINT)
    seal(models_dir / "tiny")
    with pytest.raises(WrongCheckpoint):
        load_model(find("tiny", models_dir))
