from pathlib import Path

import pytest

from benchmarks.baseline import train_baseline
from workers.models.evaluation import report, sets

MIXED = sets.TestSet("Mixed", "de", ["nett", "du Depp", "Depp", "danke"], [0, 1, 1, 0])
CALM = sets.TestSet("Calm", "de", ["guten Morgen", "kein Depp"], [0, 0])


def by_word(texts: list[str]) -> list[dict[str, float]]:
    return [{"toxicity": 0.8 if "Depp" in text else 0.1} for text in texts]


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[report.Row]:
    monkeypatch.setattr(sets, "load", lambda _root: [MIXED, CALM])
    return report.evaluate(by_word, tmp_path, model="words", threshold=0.9)


def test_figures(rows: list[report.Row]) -> None:
    mixed, calm = rows
    assert (mixed.macro_f1_at_half, mixed.auc, mixed.average_precision) == (1.0, 1.0, 1.0)
    assert mixed.macro_f1 == pytest.approx((0 + 2 / 3) / 2)
    assert mixed.flagged == 0.0
    assert mixed.accuracy == 0.5
    assert calm.auc is None
    assert calm.false_positives == 0.0


def test_the_share_of_false_positives_counts_harmless_texts_only() -> None:
    scores = report.scores_of(by_word, CALM.texts)
    assert report.row("m", CALM, scores, 0.5).false_positives == 0.5
    scores = report.scores_of(by_word, MIXED.texts)
    assert report.row("m", MIXED, scores, 0.5).false_positives == 0.0


def test_scores_come_back_in_the_order_of_the_texts() -> None:
    texts = [f"{'x' * (index * 7 % 50)} {'Depp' * (index % 3 == 0)}" for index in range(150)]
    expected = [0.8 if index % 3 == 0 else 0.1 for index in range(150)]
    assert report.scores_of(by_word, texts).tolist() == expected


def test_the_table_has_a_line_per_set_and_model(rows: list[report.Row]) -> None:
    table = report.markdown(rows).splitlines()
    assert len(table) == 2 + len(rows)
    assert {line.count("|") for line in table} == {12}
    assert table[2].startswith("| Mixed (de) | words | 4 (2) | 1.000 |")


def test_the_baseline_learns_words() -> None:
    texts = [
        "du Depp",
        "so ein Depp",
        "Depp bist du",
        "guten Tag",
        "vielen Dank",
        "guten Morgen",
    ] * 4
    predict = train_baseline(texts, [1, 1, 1, 0, 0, 0] * 4)
    toxic, calm = predict(["du Depp", "guten Tag"])
    assert toxic["toxicity"] > 0.5 > calm["toxicity"]
