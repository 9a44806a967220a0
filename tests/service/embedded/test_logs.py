from pathlib import Path

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
