"""How many threads a worker takes."""

import os
from pathlib import Path

import pytest

from workers.processes import _cores


@pytest.mark.parametrize(
    ("quota", "cores"), [("50000 100000", 1), ("100000 100000\n", 1), ("1000 100000", 1)]
)
def test_a_container_s_limit_counts(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert _cores(tmp_path / "cpu.max") == cores


def test_without_a_limit_all_cores_count(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert _cores(tmp_path / "cpu.max") == _cores(tmp_path / "missing") >= 1
    (tmp_path / "cpu.max").write_text("9900000 100000\n")
    assert _cores(tmp_path / "cpu.max") == _cores(tmp_path / "missing")


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("300000 100000", 3), ("250000 100000", 3), ("900000 100000", 8), ("max 100000", 8)],
)
def test_all_cores_count_that_the_limit_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    # The machine's own number would prove nothing where it is one.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert _cores(tmp_path / "cpu.max") == cores
