import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from service.embedded.child import Spec
from service.embedded.console import StartRefused
from service.embedded.stopping import Stopping, StopRequested
from service.embedded.supervisor import Supervisor

Script = Callable[..., Spec]

COUNT = "import sys, pathlib; p = pathlib.Path(sys.argv[1], 'starts'); p.open('a').write('x'); "


def starts(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text()) if path.exists() else 0


def test_starts_a_dead_child_again(
    supervisor: Supervisor, script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = COUNT + "import time; time.sleep(0 if len(p.read_text()) == 1 else 600)"
    supervisor.start(script("The thing", source))
    supervisor.wait_for(lambda: starts(tmp_path) == 2)
    assert "The thing ended with exit code 0; it starts again in 1 s." in capsys.readouterr().out


def test_gives_up_on_a_child_that_never_starts(supervisor: Supervisor, script: Script) -> None:
    supervisor.start(script("The thing", "raise SystemExit('no such weights')"))
    with pytest.raises(StartRefused, match=r"The thing ended with exit code 1(?s:.)*no such weig"):
        supervisor.wait_for(lambda: False)


def test_a_program_that_is_not_there_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = Spec("The thing", ("/nowhere/thing",), {}, tmp_path / "log", 1.0)
    with pytest.raises(StartRefused, match="The thing cannot be started"):
        supervisor.start(spec)


def test_what_a_dead_leader_left_is_cleaned_up(
    supervisor: Supervisor, script: Script, tmp_path: Path
) -> None:
    source = COUNT + (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    pathlib.Path(sys.argv[1], f'orphan{os.getpid()}').touch(); time.sleep(600)\n"
        "time.sleep(0.3 if len(p.read_text()) == 1 else 600)"
    )
    supervisor.start(script("The thing", source))
    supervisor.wait_for(lambda: len(list(tmp_path.glob("orphan*"))) == 2)
    orphans = sorted(int(path.name[6:]) for path in tmp_path.glob("orphan*"))
    alive = [pid for pid in orphans if psutil.pid_exists(pid) and not is_zombie(pid)]
    assert len(alive) == 1


def is_zombie(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_stages_end_in_reverse_order(
    supervisor: Supervisor, script: Script, tmp_path: Path
) -> None:
    source = (
        "import os, signal, sys, time, pathlib\n"
        "def end(*_):\n"
        "    time.sleep(0.2); pathlib.Path(sys.argv[1], 'order').open('a').write({!r})\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[1], 'up-' + {!r}).touch()\n"
        "time.sleep(600)"
    )
    for name in "abc":
        supervisor.start(script(name, source.format(name, name)))
    supervisor.wait_for(lambda: len(list(tmp_path.glob("up-*"))) == 3)
    supervisor.stop()
    assert (tmp_path / "order").read_text() == "cba"


STUBBORN = (
    "import signal, sys, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1], 'up').touch(); time.sleep(600)"
)


@contextmanager
def only_sleep_takes_time() -> Iterator[list[float]]:
    """Let time pass while somebody sleeps, but not for us; give how long they have slept."""
    slept: list[float] = []
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: began + sum(slept))
        patch.setattr(time, "sleep", slept.append)
        yield slept


def test_a_stubborn_child_is_killed(supervisor: Supervisor, script: Script, tmp_path: Path) -> None:
    supervisor.start(script("stubborn", STUBBORN, 60))
    supervisor.wait_for((tmp_path / "up").exists)
    with only_sleep_takes_time() as slept:
        supervisor.stop()
    assert sum(slept) == pytest.approx(60, abs=0.1)


def test_a_second_signal_ends_the_patience(
    supervisor: Supervisor, script: Script, tmp_path: Path
) -> None:
    supervisor.start(script("stubborn", STUBBORN, 60))
    supervisor.wait_for((tmp_path / "up").exists)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(StopRequested):
        supervisor.keep()
    os.kill(os.getpid(), signal.SIGINT)
    with only_sleep_takes_time() as slept:
        supervisor.stop()
    assert slept == []


def test_another_parent_ends_it(
    supervisor: Supervisor, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_parent", os.getppid() + 1)
    with pytest.raises(StopRequested, match="the process that started Netiquette has ended"):
        supervisor.keep()


def test_a_job_is_finished_once_and_told(
    supervisor: Supervisor, script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = COUNT + "import time; print('one', flush=True); time.sleep(.3); print('zwölf')"
    supervisor.start(replace(script("builder", source), once=True))
    assert not supervisor.jobs_done
    supervisor.wait_for(lambda: supervisor.jobs_done)
    deadline = time.monotonic() + 0.5
    supervisor.wait_for(lambda: time.monotonic() > deadline)
    assert starts(tmp_path) == 1
    assert capsys.readouterr().out == "  one\n  zwölf\n"


def test_a_job_that_fails_ends_the_start(
    supervisor: Supervisor, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(replace(script("The job", "raise SystemExit('damaged')"), once=True))
    with pytest.raises(StartRefused, match="The job ended with exit code 1; the reason is above"):
        supervisor.wait_for(lambda: supervisor.jobs_done)
    assert capsys.readouterr().out == "  damaged\n"
