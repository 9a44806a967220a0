import csv

import pytest

from workers.models.evaluation import reading
from workers.models.training import corpus
from workers.models.training.examples import ATTRIBUTES


def test_our_own_comments_are_labelled_in_full() -> None:
    own = list(corpus.own(corpus.OWN))
    assert len(own) > 500
    assert all(set(example.labels) == set(ATTRIBUTES) for example in own)
    for example in own:
        attributes = {name for name, value in example.labels.items() if value}
        assert example.toxic or attributes <= {"obscene"}, example.source


def test_our_test_comments_are_not_trained_on() -> None:
    test = {
        reading.normalised(row["text"])
        for row in reading.jsonl(corpus.OWN.parents[1] / "evaluation/data/civil_de.jsonl")
    }
    assert len(test) == 100
    assert not test & {reading.normalised(example.text) for example in corpus.own(corpus.OWN)}


def test_relabelled_rows_have_known_kinds() -> None:
    with (corpus.OWN / "gahd_relabelled.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows} == set(corpus.GAHD_RELABELLED)
    assert len({row["gahd_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("text", "offsets", "expected"),
    [
        ("That is a fine idea. You utter fool!", set(range(21, 36)), [(False, None), (True, 0)]),
        ("He said it was good… and then left the room", set(range(3)), [(True, 0), (False, None)]),
    ],
)
def test_comments_are_cut_into_sentences_with_their_spans(
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    offsets: set[int],
    expected: list[tuple[bool, int | None]],
) -> None:
    monkeypatch.setattr(reading, "toxic_spans", lambda _root, _part: [(text, offsets)])
    found = list(corpus.civil_sentences(corpus.OWN))
    assert [example.toxic for example in found] == [toxic for toxic, _ in expected]
    for example, (_, start) in zip(found, expected, strict=True):
        assert example.text in text
        assert (example.spans[0][0] if example.spans else None) == start
