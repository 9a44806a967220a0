"""Open a Detoxify checkpoint without running its code, check it, and rewrite it for Detoxify.

`detoxify` unpickles with `weights_only=False`, which can run code, and silently fills missing
weights with random numbers. So a checkpoint is first opened here as plain data, and Detoxify
gets a file that we wrote.
"""

import json
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from pydantic import BaseModel, ConfigDict, ValidationError

from workers.manifest import CHECKPOINT, Manifest, ModelError
from workers.models.errors import UnsafeCheckpoint, WrongCheckpoint

CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"
MAX_TOKENS = 512

# The names of classes in checkpoints → the names that Detoxify's scores have.
_RENAMED = {
    "toxic": "toxicity",
    "identity_hate": "identity_attack",
    "severe_toxic": "severe_toxicity",
}
# Weights that older versions of transformers saved, and that present networks do not use.
_OBSOLETE = re.compile(r"\.embeddings\.position_ids$|^roberta\.pooler\.")


class Architecture(BaseModel):
    """The `arch.args` of a checkpoint, which name classes of transformers."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_type: str
    model_name: str
    tokenizer_name: str
    num_classes: int

    def network(self) -> Any:
        """Return the network's class; raises UnsafeCheckpoint unless it is one of transformers."""
        return _class(self.model_name, "ForSequenceClassification")

    def check_tokenizer(self) -> None:
        """Raise UnsafeCheckpoint unless the tokenizer is one of transformers."""
        _class(self.tokenizer_name, "Tokenizer", "TokenizerFast")


def _class(name: str, *endings: str) -> Any:
    if not name.endswith(endings) or not hasattr(transformers, name):
        raise UnsafeCheckpoint(
            f"the checkpoint asks for {name!r}, which transformers does not have"
        )
    return getattr(transformers, name)


class Checkpoint:
    """An opened checkpoint, with only plain data and tensors."""

    def __init__(self, path: Path) -> None:
        """Open `path` without running code from it.

        Raises UnsafeCheckpoint for a file that holds more than tensors and plain data, and
        WrongCheckpoint for one that is no checkpoint of Detoxify.
        """
        try:
            raw = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise UnsafeCheckpoint(
                f"{path} holds more than tensors and plain data, and was not opened"
            ) from error
        except (RuntimeError, EOFError, ValueError) as error:
            raise WrongCheckpoint(f"{path} is not a PyTorch checkpoint") from error
        try:
            self.classes = [_RENAMED.get(c, c) for c in raw["config"]["dataset"]["args"]["classes"]]
            self.architecture = Architecture.model_validate(raw["config"]["arch"]["args"])
            self.weights: dict[str, torch.Tensor] = dict(raw["state_dict"])
        except (KeyError, TypeError, ValueError) as error:
            what = "arch.args" if isinstance(error, ValidationError) else "config"
            raise WrongCheckpoint(
                f"{path} has no {what} and state_dict as Detoxify writes them"
            ) from error

    def compare(self, config: Any) -> None:
        """Raise WrongCheckpoint unless names and shapes of the weights fit the architecture.

        `config` is transformers' configuration of the network.
        """
        with torch.device("meta"):
            expected = self.architecture.network()(config).state_dict()
        self.weights = {
            name: value
            for name, value in self.weights.items()
            if name in expected or not _OBSOLETE.search(name)
        }
        missing = sorted(expected.keys() - self.weights.keys())
        foreign = sorted(self.weights.keys() - expected.keys())
        if missing or foreign:
            raise WrongCheckpoint(
                f"the checkpoint is not one of {self.architecture.model_name}: "
                f"{len(missing)} weights missing {missing[:3]}, "
                f"{len(foreign)} foreign {foreign[:3]}"
            )
        for name, value in expected.items():
            if value.shape != self.weights[name].shape:
                raise WrongCheckpoint(
                    f"{name} has the shape {tuple(self.weights[name].shape)}, "
                    f"{self.architecture.model_name} wants {tuple(value.shape)}"
                )


def install(source: Path, manifest: Manifest, target: Path, final: Path) -> None:
    """Write the files to `target` that Detoxify can load offline once they are moved to `final`.

    The files of `source` must have been compared with their hashes before. Detoxify finds
    configuration and tokenizer by the checkpoint's `model_type`, so this is set to `final`.
    Weights become fp32, since transformers 5 would otherwise compute in the precision in which
    they are stored. Raises UnsafeCheckpoint and WrongCheckpoint.
    """
    checkpoint = Checkpoint(source / CHECKPOINT)
    architecture = checkpoint.architecture
    architecture.check_tokenizer()
    if tuple(checkpoint.classes) != manifest.attributes:
        raise WrongCheckpoint(
            f"the checkpoint scores {checkpoint.classes}, "
            f"the manifest says {list(manifest.attributes)}"
        )
    for name in manifest.files:
        if name != CHECKPOINT:
            shutil.copyfile(source / name, target / name)
    _complete_config(target / CONFIG, checkpoint)
    _complete_tokenizer_config(target / TOKENIZER_CONFIG)
    config = architecture.network().config_class.from_pretrained(
        target, num_labels=architecture.num_classes, local_files_only=True
    )
    checkpoint.compare(config)
    arguments = architecture.model_dump() | {"model_type": str(final)}
    written = {
        "config": {
            "arch": {"args": arguments},
            "dataset": {"args": {"classes": checkpoint.classes}},
        },
        "state_dict": {name: value.float() for name, value in checkpoint.weights.items()},
    }
    torch.save(written, target / CHECKPOINT)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelError(f"{path.name} of the model is not JSON") from error
    return document


def _complete_config(path: Path, checkpoint: Checkpoint) -> None:
    """Write a name for each output: some published networks have more outputs than classes."""
    count = checkpoint.architecture.num_classes
    labels = [*checkpoint.classes, *(f"unused_{i}" for i in range(len(checkpoint.classes), count))]
    document = _read_json(path) | {
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    # The published base configurations hold values for other tasks and precisions.
    for key in ("architectures", "torch_dtype", "dtype"):
        document.pop(key, None)
    path.write_text(json.dumps(document, indent=1), "utf-8")


def _complete_tokenizer_config(path: Path) -> None:
    """Set a maximal length: else the tokenizer truncates nothing, and long texts raise errors."""
    document = _read_json(path)
    limit = document.get("model_max_length")
    document["model_max_length"] = min(limit, MAX_TOKENS) if limit else MAX_TOKENS
    path.write_text(json.dumps(document, indent=1), "utf-8")
