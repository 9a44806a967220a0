import json
from pathlib import Path

import pytest
import torch

from tests.workers.models.training import tiny
from workers.models.training.network import Network
from workers.models.training.predict import logits_of
from workers.models.training.write import SHIPPED, read, write

TEXTS = ["du bist nett.", "du bist sehr dumm!", "heute " * 700, "😀"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    start = tiny.start()
    network = Network(start.config)
    write(network, start.tokenizer, tmp_path / "model")
    return tmp_path / "model"


def test_the_checkpoint_is_plain_tensors_in_half_precision(folder: Path) -> None:
    saved = torch.load(folder / "checkpoint.ckpt", weights_only=True)
    assert {tensor.dtype for tensor in saved["state_dict"].values()} == {torch.float16}
    assert saved["config"]["dataset"]["args"]["classes"] == list(SHIPPED)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["id2label"] == {str(i): name for i, name in enumerate(SHIPPED)}


@pytest.mark.filterwarnings("ignore")
def test_detoxify_itself_gives_the_same_scores_offline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from detoxify import Detoxify

    saved = torch.load(folder / "checkpoint.ckpt", weights_only=True)
    saved["config"]["arch"]["args"]["model_type"] = str(folder)
    torch.save(saved, folder / "local.ckpt")
    loaded = Detoxify(checkpoint=str(folder / "local.ckpt"), huggingface_config_path=str(folder))
    theirs = loaded.predict(TEXTS)
    ours = torch.sigmoid(logits_of(*read(folder), TEXTS))
    for index, name in enumerate(SHIPPED):
        torch.testing.assert_close(torch.tensor(theirs[name]), ours[:, index], atol=1e-5, rtol=0)


def test_the_span_head_comes_back(folder: Path) -> None:
    network, tokenizer = read(folder)
    assert network.span_head.weight.shape == (1, 16)
    assert tokenizer.encode("du bist").tokens == ["<s>", "▁du", "▁bist", "</s>"]
