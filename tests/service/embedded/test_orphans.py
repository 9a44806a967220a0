"""`up` and its guardian killed at once: the next start ends what they leave, and nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from service.embedded import orphans
from service.embedded.console import StartRefused
from service.embedded.guardian import signal_group
from service.embedded.supervisor import Supervisor

FAMILY = "import os, time; os.fork(); print(flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + FAMILY
LEAVES_ONE = "import os, time\nif os.fork() == 0:\n    print(flush=True); time.sleep(600)"

UP = """
import sys, time
from pathlib import Path
from service.embedded.child import Spec
from service.embedded.guardian import Guardian
from service.embedded.orphans import Record
from service.embedded.stopping import Stopping
from service.embedded.supervisor import Supervisor

var = Path(sys.argv[1])
guardian = Guardian()
supervisor = Supervisor(guardian, Stopping(), Record(var))
for number, source in enumerate(sys.argv[2:]):
    command = (sys.executable, "-I", "-S", "-c", source)
    supervisor.start(Spec(f"{number}", command, {}, var / f"{number}.log", 1.0))
supervisor.wait_for(lambda: all((var / f"{n}.log").stat().st_size for n in range(number + 1)))
print(guardian._process.pid, *guardian.watched, flush=True)
supervisor.keep()
"""


@pytest.fixture
def lead() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Return a function that starts the leader of a group; whatever is left is killed."""
    groups: list[subprocess.Popen[bytes]] = []

    def start(source: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", "-c", source]
        group = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE)
        groups.append(group)
        assert group.stdout
        group.stdout.readline()
        return group

    yield start
    for group in groups:
        signal_group(group.pid, signal.SIGKILL)
        group.communicate()


def record(var: Path, **moments: str | None) -> None:
    (var / orphans.FILE).write_text(json.dumps(moments))


def test_both_killed_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", UP, str(tmp_path), FAMILY, STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout
        guardian, *leaders = (int(pid) for pid in up.stdout.readline().split())
        family = [psutil.Process(pid) for pid in leaders]
        family += [child for leader in family for child in leader.children()]
        assert len(family) == 4
        up.send_signal(signal.SIGSTOP)  # or it would start another guardian
        psutil.Process(guardian).kill()
        up.kill()
    assert all(process.is_running() for process in family)
    orphans.end_orphans(tmp_path)
    psutil.wait_procs(family, timeout=10)
    assert not [process for process in family if is_alive(process)]
    assert capsys.readouterr().out == "Ending what an earlier run has left …\n"
    orphans.end_orphans(tmp_path)
    assert capsys.readouterr().out == ""


def is_alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("moment", ["another-boot 1", "boot 99"])
def test_who_has_the_number_now_is_spared(
    tmp_path: Path, lead: Callable[[str], subprocess.Popen[bytes]], moment: str
) -> None:
    other = lead(FAMILY)
    assert orphans.started(other.pid)
    record(tmp_path, **{str(other.pid): moment})
    orphans.end_orphans(tmp_path)
    assert other.poll() is None


def test_a_group_without_its_leader_is_named(
    tmp_path: Path, lead: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    gone = lead(LEAVES_ONE)
    gone.wait()
    record(tmp_path, **{str(gone.pid): "boot 1"})
    with pytest.raises(StartRefused, match=rf"in the groups {gone.pid}\..*remove {tmp_path}"):
        orphans.end_orphans(tmp_path)
    assert signal_group(gone.pid, 0)


def test_where_nobody_tells_when_a_process_started(
    tmp_path: Path,
    lead: Callable[[str], subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orphans, "PROCESSES", tmp_path / "none")
    child = lead(FAMILY)
    kept = orphans.Record(tmp_path)
    kept.keep([child.pid])
    with pytest.raises(StartRefused, match=f"in the groups {child.pid}"):
        orphans.end_orphans(tmp_path)
    assert child.poll() is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', '{"0": null, "1": null, "-1": ""}'])
def test_a_damaged_list_ends_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / orphans.FILE).write_text(content)
    orphans.end_orphans(tmp_path)


def test_a_name_may_hold_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process, boot = tmp_path / "7", tmp_path / orphans.BOOT
    process.mkdir()
    boot.parent.mkdir(parents=True)
    boot.write_text("b\n")
    (process / "stat").write_text("7 (a) b ) c) S " + " ".join(map(str, range(4, 53))) + "\n")
    monkeypatch.setattr(orphans, "PROCESSES", tmp_path)
    assert orphans.started(7) == "b 22"


def test_the_list_follows_the_children(tmp_path: Path) -> None:
    kept = orphans.Record(tmp_path)
    kept.keep([os.getpid()])
    file = tmp_path / orphans.FILE
    assert json.loads(file.read_text()) == {str(os.getpid()): orphans.started(os.getpid())}
    assert file.stat().st_mode & 0o777 == 0o600
    kept.keep([])
    assert json.loads(file.read_text()) == {}


def test_a_list_that_cannot_be_written_is_told_once(
    supervisor: Supervisor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tries: list[int] = []

    class Full(orphans.Record):
        def keep(self, _pids: object) -> None:
            tries.append(1)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervisor, "_record", Full(tmp_path))
    supervisor.wait_for(lambda: len(tries) == 2)
    complaint = (
        "The list of children cannot be written: No space left on device. It is tried again."
    )
    assert capsys.readouterr().err == f"{complaint}\n"
