import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from workers.models.evaluation.metrics import auc
from workers.models.training.calibrate import (
    Platt,
    balanced_weights,
    cross_fitted_error,
    fit_platt,
    fold_into,
)


def miscalibrated(count: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits three times too sure of themselves and shifted by one."""
    torch.manual_seed(1)
    honest = torch.randn(count) * 1.5
    return 3 * honest + 1, torch.bernoulli(torch.sigmoid(honest))


def test_scale_and_bias_are_recovered() -> None:
    logits, labels = miscalibrated()
    platt = fit_platt(logits, labels, torch.ones(len(logits)))
    assert platt.scale == pytest.approx(1 / 3, abs=0.03)
    assert platt.bias == pytest.approx(-1 / 3, abs=0.1)


def test_weights_count_as_in_logistic_regression() -> None:
    logits, labels = miscalibrated(500)
    weights = torch.rand(500) + 0.1
    platt = fit_platt(logits, labels, weights)
    reference = LogisticRegression(C=np.inf, tol=1e-9).fit(
        logits[:, None].numpy(), labels.numpy(), weights.numpy()
    )
    assert platt.scale == pytest.approx(reference.coef_[0, 0], rel=1e-3)
    assert platt.bias == pytest.approx(reference.intercept_[0], rel=1e-2)


def test_calibration_lowers_the_error() -> None:
    logits, labels = miscalibrated()
    ones = torch.ones(len(logits))
    assert cross_fitted_error(logits, labels, ones, ones > 0) < 0.03


def test_folding_equals_platt_and_keeps_the_order() -> None:
    torch.manual_seed(2)
    layer = nn.Linear(8, 2)
    hidden = torch.randn(200, 8)
    labels = torch.bernoulli(torch.full((200,), 0.4)).numpy().astype(np.int64)
    before = layer(hidden).detach()
    platts = [Platt(0.4, -1.3), Platt(1.7, 0.2)]
    fold_into(layer, platts)
    after = torch.sigmoid(layer(hidden)).detach()
    for index, platt in enumerate(platts):
        torch.testing.assert_close(after[:, index], platt(before[:, index]))
        assert auc(labels, after[:, index].double().numpy()) == pytest.approx(
            auc(labels, before[:, index].double().numpy())
        )


def test_groups_weigh_the_same() -> None:
    groups = ["de", "de", "de", "en"]
    weights = balanced_weights(groups)
    assert weights[:3].sum() == pytest.approx(weights[3].item())
    assert weights.mean() == pytest.approx(1.0)
