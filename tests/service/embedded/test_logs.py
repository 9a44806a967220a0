import errno
import shutil
from pathlib import Path

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
    assert (tmp_path / "a.log.1").stat().st_size == 400


def test_the_tail_is_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(f"Zeile {number} ü" for number in range(10_000)))
    assert logs.tail(path, 2) == "  | Zeile 9998 ü\n  | Zeile 9999 ü"


def test_half_a_copy_does_not_keep_the_disk_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 200)
    monkeypatch.setattr(shutil, "copyfile", half)
    with pytest.raises(OSError, match="No space left"):
        logs.bound(path, 100)
    assert list(tmp_path.iterdir()) == [path]


def test_the_tail_of_a_log_that_is_gone_says_so(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in logs.tail(tmp_path / "a.log")
