import errno
import shutil
from pathlib import Path
from typing import BinaryIO

import pytest

from service.embedded import log_files as logs


def test_a_log_is_bounded_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with logs.open_log(path) as log:
        log.write(b"old\n" * 100)
        logs.bound(path, 1000)
        assert path.stat().st_size == 400
        logs.bound(path, 100)
        log.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    # Whole lines, and no more bytes than allowed.
    assert (tmp_path / "a.log.1").read_bytes() == b"old\n" * 25


def test_a_line_longer_than_the_limit_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 300 + b"\n")
    logs.bound(path, 100)
    assert path.read_bytes() == (tmp_path / "a.log.1").read_bytes() == b""


def test_a_log_is_bounded_before_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs.bound, "__defaults__", (100,))
    path = tmp_path / "model.log"
    for _ in range(40):
        with logs.open_log(path) as log:
            log.write(b"built\n" * 10)
    assert path.stat().st_size <= 160
    assert (tmp_path / "model.log.1").stat().st_size <= 100


def test_the_tail_is_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(f"Zeile {number} ü" for number in range(10_000)))
    assert logs.tail(path, 2) == "  | Zeile 9998 ü\n  | Zeile 9999 ü"


def test_half_a_copy_does_not_keep_the_disk_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_source: BinaryIO, target: BinaryIO) -> None:
        target.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.log"
    path.write_bytes(b"x\n" * 100)
    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(OSError, match="No space left"):
        logs.bound(path, 100)
    assert list(tmp_path.iterdir()) == [path]


def test_the_tail_of_a_log_that_is_gone_says_so(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in logs.tail(tmp_path / "a.log")
