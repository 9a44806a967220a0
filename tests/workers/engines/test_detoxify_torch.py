"""The reference engine is Detoxify, with its traps guarded."""

import pytest
import torch

from service.domain.scores import ATTRIBUTES
from workers.engines.detoxify_torch import DetoxifyNetwork
from workers.engines.text_engine import TextEngine
from workers.models.loading import reference_engine
from workers.models.registry import Model

HOSTILE = ["", "😀", "\u0301" * 3_000, "a" * 3_000, "Null\0byte", "\u202eלום", "</s>" * 200]


@pytest.fixture(scope="module")
def engine(tiny: Model) -> TextEngine:
    return reference_engine(tiny)


@pytest.fixture(scope="module")
def network(tiny: Model, engine: TextEngine) -> DetoxifyNetwork:
    return DetoxifyNetwork(tiny.derived / "detoxify", threads=1)


def test_scores_are_those_of_detoxify(engine: TextEngine, network: DetoxifyNetwork) -> None:
    texts = ["Das ist Unsinn!", "Danke, sachlich.", "You are an idiot."]
    expected = network.detoxify.predict(texts)
    for index, scored in enumerate(engine.score(texts)):
        for attribute in ATTRIBUTES:
            assert scored.scores[attribute] == pytest.approx(expected[attribute][index], abs=1e-5)


def test_every_attribute_in_detoxifys_names(engine: TextEngine) -> None:
    assert set(engine.score(["Hallo"])[0].scores) == set(ATTRIBUTES)


def test_no_texts_give_no_scores(engine: TextEngine) -> None:
    assert engine.score([]) == []


def test_one_text_gives_one_score(engine: TextEngine) -> None:
    (scored,) = engine.score(["Hallo"])
    assert scored.forms == {"original": scored.scores}
    assert scored.duration > 0


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_get_a_score(engine: TextEngine, text: str) -> None:
    (scored,) = engine.score([text])
    assert all(0 <= score <= 1 for score in scored.scores.values())


def test_neighbours_do_not_move_a_score(engine: TextEngine) -> None:
    texts = ["Kurz.", "Ein deutlich längerer Satz mit vielen Wörtern darin.", "Na!"]
    together = [scored.scores for scored in engine.score(texts)]
    assert together == [engine.score([text])[0].scores for text in texts]


def test_the_end_of_a_long_text_counts(engine: TextEngine, network: DetoxifyNetwork) -> None:
    """Detoxify cuts at 512 tokens without a word: there the end changes nothing."""
    filler = "Das ist ein sachlicher Beitrag. " * 200
    ends = ["You are an idiot!", "Danke dafür."]
    assert len({network.detoxify.predict(filler + end)["threat"] for end in ends}) == 1
    assert (
        len(
            {engine.score([filler + end])[0].scores["toxicity"] for end in ends}
            | {engine.score([filler + end])[0].scores["threat"] for end in ends}
        )
        > 2
    )


def test_threads_are_pinned(tiny: Model) -> None:
    before = torch.get_num_threads()
    try:
        reference_engine(tiny, threads=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_provenance_names_everything_that_computes(engine: TextEngine, tiny: Model) -> None:
    assert engine.model == tiny.identity
    assert engine.provenance.keys() == {
        "model", "version", "engine", "device", "cpu", "detoxify", "torch", "transformers",
    }  # fmt: skip


def test_a_network_that_overflows_is_an_error(
    engine: TextEngine, tiny: Model, network: DetoxifyNetwork
) -> None:
    broken = DetoxifyNetwork(tiny.derived / "detoxify", threads=1)
    broken.detoxify.model.classifier.bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="outside"):
        TextEngine(tiny.manifest, broken).score(["Hallo"])
