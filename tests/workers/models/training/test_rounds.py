from pathlib import Path

import pytest
import torch

from tests.workers.models.training import tiny
from workers.models.training import rounds
from workers.models.training.examples import HARMLESS, Example
from workers.models.training.network import Network
from workers.models.training.stages import Data
from workers.models.training.train import Run
from workers.models.training.weak_labels import word_lists


def test_branches_run_in_processes_of_their_own_and_are_averaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.models.training.batches.COMPOSED_ROWS", 20)
    monkeypatch.setattr(rounds, "FIRST", Run(seed=1, epochs=1, rate=5e-3, head_rate=1e-2))
    monkeypatch.setattr(rounds, "ROUNDS", (((2, 3), 5e-3, 1e-2),))
    examples = [
        Example("du bist nett.", HARMLESS, "de", "t"),
        Example("du bist dumm!", {"toxicity": 1.0}, "de", "t"),
    ]
    data = Data(examples * 10, [], word_lists())
    state = rounds.train_all(tiny.start(), data, tmp_path)
    Network(tiny.start().config).load_state_dict(state)
    runs = {path.name.split("-")[0]: path for path in tmp_path.glob("*.pt")}
    assert set(runs) == {"seed1", "seed2", "seed3", "average"}
    second, third = (torch.load(runs[name], weights_only=True) for name in ("seed2", "seed3"))
    name = "classifier.classifier.weight"
    assert torch.allclose(state[name], (second[name] + third[name]) / 2)
    # Where a spawned process finds it; that of `python -m` would be out of its reach.
    assert rounds._branch.__module__ == "workers.models.training.rounds"
