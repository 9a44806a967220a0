"""Thresholds that flag as much as others did."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from service.cli import application
from workers.commands.matching import matching
from workers.commands.pairs import NoPairs, parse_levels, read_pairs
from workers.commands.thresholds import table

shares = st.floats(0, 1)
steps = st.integers(0, 10_000).map(lambda step: step / 10_000)
HISTORY = [(0.95, 0.9), (0.85, 0.2), (0.75, 0.6), (0.3, 0.7), (0.2, 0.1), (0.1, 0.05)]


def write(folder: Path, rows: list[object]) -> Path:
    path = folder / "scored.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows() -> list[object]:
    return [{"old": str(old), "scores": {"toxicity": new}} for old, new in HISTORY]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(application(), ["thresholds", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_as_many_are_flagged_and_those_that_change_sides_are_counted() -> None:
    found = matching(HISTORY, 0.8)
    assert (found.flagged_before, found.flagged_after) == (2, 2)
    assert found.new == 0.6001
    assert (found.newly_flagged, found.no_longer_flagged) == (1, 1)


def test_of_equal_scores_all_or_none_are_flagged() -> None:
    found = matching([(0.9, 0.5), (0.1, 0.5), (0.1, 0.2)], 0.8)
    assert (found.new, found.flagged_after, found.no_longer_flagged) == (None, 0, 1)


def test_what_flagged_nothing_or_everything_still_does() -> None:
    assert matching(HISTORY, 0.99).new is None
    assert matching(HISTORY, 0).flagged_after == len(HISTORY)


@given(st.lists(st.tuples(shares, shares), min_size=1), shares)
def test_never_more_are_flagged_than_before(pairs: list[tuple[float, float]], level: float) -> None:
    found = matching(pairs, level)
    flagged = {
        index for index, (_, new) in enumerate(pairs) if found.new is not None and new >= found.new
    }
    before = {index for index, (old, _) in enumerate(pairs) if old >= level}
    assert len(flagged) == found.flagged_after <= found.flagged_before == len(before)
    assert found.newly_flagged == len(flagged - before)
    assert found.no_longer_flagged == len(before - flagged)


@given(st.lists(steps, min_size=1, unique=True), st.data())
def test_without_equal_scores_exactly_as_many_are_flagged(
    scores: list[float], data: st.DataObject
) -> None:
    pairs = [(data.draw(shares), score) for score in scores]
    found = matching(pairs, data.draw(shares))
    assert found.flagged_after == found.flagged_before


@given(st.lists(st.tuples(shares, shares), min_size=1), shares)
def test_any_lower_threshold_would_flag_more(
    pairs: list[tuple[float, float]], level: float
) -> None:
    found = matching(pairs, level)
    if found.new is not None and found.flagged_before < len(pairs):
        lower = found.new - 2 / 10_000  # one step, and room for what floats round away
        assert sum(new >= lower for _, new in pairs) > found.flagged_before


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    code, output, errors = run(str(write(tmp_path, rows())), "--old", "old", "--at", "0.8,0.9")
    assert (code, errors) == (0, "")
    assert "| 0.8 | 2 (33.33%) | 0.6001 | 2 (33.33%) | 1 | 1 |" in output
    assert "Of 6 comments with both scores." in output


def test_rows_without_a_score_are_counted(tmp_path: Path) -> None:
    more: list[object] = [
        {"old": "0.5", "error": "UnscorableText: …"},
        {"old": "", "scores": {"toxicity": 0.5}},
        {"old": "n/a", "scores": {"toxicity": 0.5}},
        {"old": True, "scores": {"toxicity": 0.5}},
        {"old": "nan", "scores": {"toxicity": 0.5}},
    ]
    code, output, errors = run(str(write(tmp_path, rows() + more)), "--old", "old")
    assert code == 0
    assert "Of 6 comments" in output
    assert "4 rows left out: no number of 0..1 in 'old'" in errors
    assert "1 rows left out: no number of 0..1 in 'scores.toxicity'" in errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no rows"),
        ('{"text": "a"}\n', "its fields are text"),
        ("[1]\n", "line 1 is not a JSON object"),
        ('\n{"old": \n', "line 2 is not JSON"),
    ],
)
def test_what_cannot_be_compared_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "scored.jsonl"
    path.write_text(text)
    code, output, errors = run(str(path), "--old", "old")
    assert (code, output) == (1, "")
    assert message in errors


def test_thresholds_that_are_none_are_refused(tmp_path: Path) -> None:
    code, _, errors = run(str(write(tmp_path, rows())), "--old", "old", "--at", "0.7;0.8")
    assert code == 2
    assert "numbers of 0..1" in errors
    assert parse_levels("0.7, 0.85") == [0.7, 0.85]


def test_the_picture_is_svg_and_shows_every_cell(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    renamed = [{"a<b": old, "scores": {"toxicity": new}} for old, new in HISTORY]
    path = write(tmp_path, list(renamed))
    code, _, errors = run(str(path), "--old", "a<b", "--at", "0.8", "--picture", str(picture))
    assert (code, errors) == (0, "")
    root = ET.fromstring(picture.read_text("utf-8"))  # noqa: S314 - our own
    names = [element.tag.rpartition("}")[2] for element in root]
    assert names.count("rect") == 2 + len(HISTORY)
    assert names.count("line") == 2
    assert "old: a<b" in [element.text for element in root]


def test_a_field_may_have_dots_in_its_name() -> None:
    pairs, _ = read_pairs(['{"a.b": 0.5, "c": {"d.e": "0.25"}}'], "a.b", "c.d.e")
    assert pairs == [(0.5, 0.25)]
    with pytest.raises(NoPairs):
        read_pairs(['{"a": {"b": 0.5}}'], "a.b", "a.b.c")


def test_the_table_names_what_has_no_threshold() -> None:
    assert "| 0.99 | 0 (0.00%) | none | 0 (0.00%) | 0 | 0 |" in table([matching(HISTORY, 0.99)], 6)


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    picture = tmp_path / "away" / "picture.svg"
    path = write(tmp_path, rows())
    code, output, errors = run(str(path), "--old", "old", "--picture", str(picture))
    assert code == 1
    assert "comments with both scores" in output
    assert "No such file" in errors
