import math

import pytest
import torch

from workers.models.training.dequantise import Shape
from workers.models.training.examples import ATTRIBUTES
from workers.models.training.network import (
    Network,
    bert_config,
    masked_loss,
    parameter_groups,
    warmup_then_linear,
)

NAN = float("nan")


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network(bert_config(Shape(16, 3, 2, 32, 40, 20, 2), 40))


def test_unknown_labels_neither_count_nor_teach() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    loss = masked_loss(logits, torch.tensor([[1.0, NAN], [NAN, 0.0]]))
    loss.backward()  # type: ignore[no-untyped-call]  # of torch
    expected = (math.log1p(math.exp(-2.0)) + math.log1p(math.exp(3.0))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[1, 0] == 0
    assert logits.grad[0, 0] < 0 < logits.grad[1, 1]


def test_nothing_known_gives_a_loss_of_zero() -> None:
    logits = torch.ones(2, 2, requires_grad=True)
    masked_loss(logits, torch.full((2, 2), NAN)).backward()  # type: ignore[no-untyped-call]  # same
    assert logits.grad is not None
    assert not logits.grad.any()


def test_shapes_and_padding(network: Network) -> None:
    network.eval()
    ids = torch.tensor([[0, 5, 6, 2]])
    alone, spans = network(ids, torch.ones_like(ids))
    assert alone.shape == (1, len(ATTRIBUTES))
    assert spans.shape == (1, 4)
    padded = torch.tensor([[0, 5, 6, 2, 1, 1]])
    again, _ = network(padded, (padded != 1).long())
    torch.testing.assert_close(alone, again)


def test_embeddings_are_frozen_and_rates_decay_downwards(network: Network) -> None:
    groups = parameter_groups(network, rate=1.0, head_rate=9.0, decay=0.5)
    assert [group["lr"] for group in groups] == [0.25, 0.5, 1.0, 9.0]
    bert = network.classifier.bert
    assert not any(p.requires_grad for p in bert.embeddings.parameters())
    trained = sum(len(list(group["params"])) for group in groups)
    assert trained == sum(p.requires_grad for p in network.parameters())


def test_rate_rises_then_falls_to_zero() -> None:
    factors = [warmup_then_linear(step, 100, 0.1) for step in range(101)]
    assert factors.index(max(factors)) == 9
    assert max(factors) == 1.0
    assert factors[-1] == 0.0
    assert factors[10:] == sorted(factors[10:], reverse=True)
