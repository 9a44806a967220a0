import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.embedded import folder
from service.embedded.console import StartRefused
from service.folders import DATABASE


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_is_for_its_owner_only(tmp_path: Path) -> None:
    var = tmp_path / "deep" / "var"
    var.mkdir(parents=True)
    (var / DATABASE).touch(0o644)
    (var / f"{DATABASE}-wal").touch(0o644)
    folder.prepare(var)
    assert mode(var) == 0o700
    assert mode(var / DATABASE) == mode(var / f"{DATABASE}-wal") == 0o600


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("mine")
    with pytest.raises(StartRefused, match=r"var cannot be used: .*NETIQUETTE_VAR_DIR"):
        folder.prepare(tmp_path / "var")
    assert (tmp_path / "var").read_text() == "mine"


def test_a_folder_without_write_rights_is_refused() -> None:
    # Root may write anywhere but here.
    with pytest.raises(StartRefused, match="cannot be used"):
        folder.prepare(Path("/proc/netiquette"))


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LEAST_FREE", 1 << 62)
    with pytest.raises(StartRefused, match="disk is full"):
        folder.prepare(tmp_path)


def test_a_second_start_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with (
        folder.locked(tmp_path, "http://127.0.0.1:1"),
        pytest.raises(StartRefused, match=f"process {os.getpid()}, http://127.0.0.1:1"),
        folder.locked(tmp_path, "http://127.0.0.1:2"),
    ):
        pass


def test_a_lock_file_left_behind_means_nothing(tmp_path: Path) -> None:
    (tmp_path / folder.LOCK).write_text(f"{os.getpid()} http://127.0.0.1:1 and some more")
    with folder.locked(tmp_path, "http://127.0.0.1:2"):
        assert (tmp_path / folder.LOCK).read_text() == f"{os.getpid()} http://127.0.0.1:2"


HOLDER = """
import fcntl, os, sys, time
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.write(descriptor, b"999999999 http://127.0.0.1:1")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold(var: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Hold the lock as a guardian does whose `up` is dead."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, var / folder.LOCK, str(seconds)], stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    holder.stdout.close()
    return holder


def test_waits_while_a_guardian_still_cleans_up(tmp_path: Path) -> None:
    holder = hold(tmp_path, 0.5)
    with folder.locked(tmp_path, "http://127.0.0.1:2"):
        holder.wait()


def test_gives_up_on_processes_that_do_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "WAIT_FOR_GUARDIAN", 0.3)
    holder = hold(tmp_path, 60)
    with (
        pytest.raises(StartRefused, match="earlier run still use"),
        folder.locked(tmp_path, "http://127.0.0.1:2"),
    ):
        pass
    holder.kill()
    holder.wait()


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    made = folder.secret_key(tmp_path)
    assert len(made) >= 32
    assert folder.secret_key(tmp_path) == made
    assert mode(tmp_path / folder.SECRET_KEY) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / folder.SECRET_KEY]
