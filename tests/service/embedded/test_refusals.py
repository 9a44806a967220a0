"""What the system refuses one child costs neither `up` nor the other children anything."""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from service.embedded import log_files as logs
from service.embedded import supervisor as supervising
from service.embedded.child import Spec
from service.embedded.console import StartRefused
from service.embedded.supervisor import Supervisor

Script = Callable[..., Spec]

LIVE = (
    "import os, sys, time, pathlib; "
    "pathlib.Path(sys.argv[1], {!r}).open('a').write(f'{{os.getpid()}}\\n'); "
)
WAIT = "time.sleep(600)"


def lives(name: str, then: str = WAIT) -> str:
    return LIVE.format(name) + then


def pids(folder: Path, name: str) -> list[int]:
    path = folder / name
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def tend(supervisor: Supervisor, seconds: float = 0.5) -> None:
    deadline = time.monotonic() + seconds
    supervisor.wait_for(lambda: time.monotonic() > deadline)


def kill(pid: int) -> None:
    psutil.Process(pid).kill()


@pytest.fixture
def neighbour(supervisor: Supervisor, script: Script, tmp_path: Path) -> Callable[[], bool]:
    """Start a child that has no trouble; return whether it is still the same one."""
    supervisor.start(script("neighbour", lives("neighbour")))
    supervisor.wait_for(lambda: bool(pids(tmp_path, "neighbour")))
    first = pids(tmp_path, "neighbour")
    return lambda: pids(tmp_path, "neighbour") == first and psutil.pid_exists(first[0])


@pytest.fixture
def thing(supervisor: Supervisor, script: Script, tmp_path: Path) -> Callable[[], list[int]]:
    """Start a child; return a function that tells the pids that it has had."""
    supervisor.start(script("The thing", lives("thing")))
    supervisor.wait_for(lambda: bool(pids(tmp_path, "thing")))
    return lambda: pids(tmp_path, "thing")


def test_the_log_of_a_finished_job_may_go(
    supervisor: Supervisor,
    script: Script,
    neighbour: Callable[[], bool],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = replace(script("The job", "print('built')"), once=True)
    supervisor.start(job)
    supervisor.wait_for(lambda: supervisor.jobs_done)
    job.log.unlink()
    tend(supervisor)
    assert neighbour()
    told = capsys.readouterr()
    assert (told.out, told.err) == ("  built\n", "")


def test_the_log_of_a_running_job_may_go(
    supervisor: Supervisor,
    script: Script,
    tmp_path: Path,
    neighbour: Callable[[], bool],
    capsys: pytest.CaptureFixture[str],
) -> None:
    wait = "while not (pathlib.Path(sys.argv[1]) / 'go').exists(): time.sleep(0.02)"
    job = replace(script("The job", lives("job", f"\n{wait}")), once=True)
    supervisor.start(job)
    supervisor.wait_for(lambda: bool(pids(tmp_path, "job")))
    job.log.unlink()
    tend(supervisor)
    (tmp_path / "go").touch()
    supervisor.wait_for(lambda: supervisor.jobs_done)
    assert neighbour()
    assert len(pids(tmp_path, "job")) == 1
    complaints = capsys.readouterr().err.splitlines()
    told = [line for line in complaints if "cannot be read" in line]
    why = f"No such file or directory: {job.log}"
    assert told == [f"The log of The job cannot be read: {why}. It is tried again."]


def test_a_full_disk_while_a_log_rotates(
    supervisor: Supervisor,
    thing: Callable[[], list[int]],
    neighbour: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tried: list[Path] = []

    def full(path: Path, *_: Any) -> None:
        tried.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(logs, "bound", full)
    monkeypatch.setattr(supervising, "LOG_CHECK", 0.1)
    supervisor._log_check = 0.0
    supervisor.wait_for(lambda: len(tried) >= 6)
    assert neighbour()
    assert len(thing()) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2, "one for each child"
    assert all("No space left" in line for line in complaints)


def test_no_descriptor_is_left_when_a_child_starts_again(
    supervisor: Supervisor,
    thing: Callable[[], list[int]],
    neighbour: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tries: list[int] = []

    def none_left(*_: Any, **__: Any) -> None:
        tries.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", none_left)
        kill(thing()[0])
        supervisor.wait_for(lambda: len(tries) == 2)
    child = next(child for child in supervisor._children if child.spec.name == "The thing")
    assert (child.failures, child.pause) == (3, 4.0), "its end, and two starts that failed"
    assert neighbour()
    complaints = capsys.readouterr().err.splitlines()
    assert complaints == [
        "The thing cannot be started again: Too many open files. It is tried again."
    ]
    supervisor.wait_for(lambda: len(thing()) == 2)


def test_a_guardian_that_cannot_be_replaced_is_no_reason_to_end(
    supervisor: Supervisor,
    neighbour: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tries: list[int] = []

    def none_left(*_: Any, **__: Any) -> None:
        tries.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", none_left)
        supervisor._guardian._process.kill()
        supervisor._guardian._process.wait()
        supervisor.wait_for(lambda: len(tries) == 2)
        supervisor._guardian.watch(os.getpid())
        supervisor._guardian.forget(os.getpid())
    assert neighbour()
    assert capsys.readouterr().err.count("The guardian cannot be started again") == 1
    supervisor.wait_for(lambda: supervisor._guardian.alive)


def test_the_folder_of_logs_is_made_again(
    supervisor: Supervisor, script: Script, tmp_path: Path, neighbour: Callable[[], bool]
) -> None:
    logs_folder = tmp_path / "log"
    logs_folder.mkdir()
    spec = replace(script("The thing", lives("thing")), log=logs_folder / "thing.log")
    supervisor.start(spec)
    supervisor.wait_for(lambda: bool(pids(tmp_path, "thing")))
    shutil.rmtree(logs_folder)
    kill(pids(tmp_path, "thing")[0])
    supervisor.wait_for(lambda: len(pids(tmp_path, "thing")) == 2)
    assert spec.log.exists()
    assert neighbour()


def test_a_job_that_fails_without_its_log_still_ends_the_start(
    supervisor: Supervisor, script: Script, tmp_path: Path
) -> None:
    source = lives("job", "pathlib.Path(sys.argv[1], 'The job.log').unlink(); sys.exit(3)")
    supervisor.start(replace(script("The job", source), once=True))
    with pytest.raises(StartRefused, match="The job ended with exit code 3"):
        supervisor.wait_for(lambda: supervisor.jobs_done)
