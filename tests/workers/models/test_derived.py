"""Folders that can be made again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workers.models import derived


def maker(made: list[str]) -> Any:
    def make(draft: Path) -> dict[str, Any]:
        made.append("made")
        (draft / "file").write_text("content")
        return {"note": 1}

    return make


def test_made_once(tmp_path: Path) -> None:
    made: list[str] = []
    for _ in range(2):
        assert derived.ensure(tmp_path / "x", {"cpu": "a"}, maker(made)) == {"note": 1}
    assert len(made) == 1


def test_made_again_under_other_conditions_or_when_damaged(tmp_path: Path) -> None:
    made: list[str] = []
    derived.ensure(tmp_path / "x", {"cpu": "a"}, maker(made))
    derived.ensure(tmp_path / "x", {"cpu": "b"}, maker(made))
    (tmp_path / "x" / "file").write_text("other")
    derived.ensure(tmp_path / "x", {"cpu": "b"}, maker(made))
    (tmp_path / "x" / "file").unlink()
    derived.ensure(tmp_path / "x", {"cpu": "b"}, maker(made))
    (tmp_path / "x" / derived.MARKER).write_text("[]")
    derived.ensure(tmp_path / "x", {"cpu": "b"}, maker(made))
    assert len(made) == 5


def test_made_once_by_many(tmp_path: Path) -> None:
    made: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(derived.ensure, tmp_path / "x", {}, maker(made))
    assert len(made) == 1


def test_nothing_is_left_half_made(tmp_path: Path) -> None:
    def fail(draft: Path) -> dict[str, Any]:
        (draft / "half").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        derived.ensure(tmp_path / "x", {}, fail)
    assert derived.read(tmp_path / "x", {}) is None
    assert not (tmp_path / "x").exists()
