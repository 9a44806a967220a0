from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.workers.models.training import tiny
from workers.models.training import train as training
from workers.models.training.average import average
from workers.models.training.examples import HARMLESS, Example
from workers.models.training.network import Network
from workers.models.training.predict import logits_of
from workers.models.training.stages import Data, fast_tokenizer
from workers.models.training.weak_labels import word_lists

RUN = training.Run(seed=4, epochs=5, rate=5e-3, head_rate=1e-2)
State = dict[str, torch.Tensor]


@pytest.fixture(autouse=True)
def _in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "has_fast_bf16", lambda: False)
    monkeypatch.setattr("workers.models.training.batches.COMPOSED_ROWS", 20)
    monkeypatch.setattr("workers.models.training.augment.EVASION_RATE", 0.0)


def data() -> Data:
    nice = [Example(f"du bist {w} nett.", HARMLESS, "de", "t") for w in ("sehr", "heute", "")]
    rude = [
        Example(f"du bist {w} dumm!", {"toxicity": 1.0}, "de", "t") for w in ("sehr", "heute", "")
    ]
    return Data([*nice, *rude] * 20, [], word_lists())


def run(folder: Path, run: training.Run = RUN) -> State:
    state: State = torch.load(training.train(run, tiny.start(), data(), folder), weights_only=True)
    return state


def test_it_learns_and_leaves_the_embeddings_alone(tmp_path: Path) -> None:
    start, state = tiny.start(), run(tmp_path)
    network = Network(start.config)
    network.load_state_dict(state)
    texts = ["du bist sehr dumm!", "du bist sehr nett."]
    rude, nice = logits_of(network, fast_tokenizer(start.tokenizer), texts)[:, 0].tolist()
    assert rude > nice + 1, (rude, nice)
    words = state["classifier.bert.embeddings.word_embeddings.weight"]
    assert torch.equal(words, start.encoder["embeddings.word_embeddings.weight"])


def test_a_stopped_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = run(tmp_path / "a")
    monkeypatch.setattr(training, "SAVE_EVERY", 10)
    learn, calls = training.Trainer.learn, []

    def stop_at_fifteen(self: training.Trainer, *arguments: object) -> float:
        calls.append(1)
        if len(calls) == 15:
            raise KeyboardInterrupt
        return learn(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training.Trainer, "learn", stop_at_fifteen)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b")
    resumed = run(tmp_path / "b")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not list((tmp_path / "b").glob("*.resume.pt"))


def test_a_finished_run_is_taken_from_the_cache_until_its_data_change(tmp_path: Path) -> None:
    first = training.train(RUN, tiny.start(), data(), tmp_path)
    assert training.train(RUN, tiny.start(), data(), tmp_path) == first
    less = replace(data(), training=data().training[1:])
    assert RUN.name(less) != RUN.name(data())
    assert replace(RUN, seed=5).name(data()) != RUN.name(data())


def test_a_run_can_go_on_from_another(tmp_path: Path) -> None:
    after = training.train(RUN, tiny.start(), data(), tmp_path)
    branch = training.Trainer(replace(RUN, seed=9, after=after), tiny.start())
    earlier = torch.load(after, weights_only=True)
    assert torch.equal(branch.network.span_head.weight, earlier["span_head.weight"])


def test_the_average_is_the_mean_of_every_tensor() -> None:
    one, two = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}
    assert average([one, two])["w"].tolist() == [2.0, 4.0]
