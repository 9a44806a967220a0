import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from workers.models.evaluation import metrics

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({label for label, _ in rows}) == 2)


def columns(rows: list[tuple[int, float]]) -> tuple[metrics.Labels, metrics.Floats]:
    labels, scores = zip(*rows, strict=True)
    return np.array(labels), np.array(scores)


@given(ROWS)
def test_as_scikit_learn_computes_them(rows: list[tuple[int, float]]) -> None:
    labels, scores = columns(rows)
    assert metrics.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(
        average_precision_score(labels, scores)
    )
    expected = f1_score(labels, scores >= 0.5, average="macro", zero_division=0.0)
    assert metrics.macro_f1(labels, scores, 0.5) == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    labels = np.array([0, 0, 1, 1, 1, 0])
    scores = np.array([0.02, 0.04, 0.91, 0.93, 1.0, 0.92])
    low = abs(0 - 0.03) * 2 / 6
    high = abs(3 / 4 - np.mean([0.91, 0.93, 1.0, 0.92])) * 4 / 6
    assert metrics.expected_calibration_error(labels, scores) == pytest.approx(low + high)


def test_character_f1_by_hand() -> None:
    pairs = [({1, 2, 3, 4}, {3, 4}), (set(), set()), (set(), {1}), ({1}, set())]
    expected = np.mean([2 * 2 / 6, 1, 0, 0])
    assert metrics.character_f1(pairs) == pytest.approx(expected)
