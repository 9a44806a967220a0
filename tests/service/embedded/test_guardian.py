import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from service.embedded.guardian import Guardian

PARENT = """
import subprocess, sys, time
from service.embedded.guardian import Guardian

guardian = Guardian()
print(guardian._process.pid)
for source in (
    "import time; time.sleep(600)",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "import os, time; os.fork(); time.sleep(600)",
):
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", source], start_new_session=True)
    guardian.watch(child.pid)
    print(child.pid)
done = subprocess.Popen(["true"], start_new_session=True)
guardian.watch(done.pid)
done.wait()
guardian.forget(done.pid)
print("ready", flush=True)
time.sleep(600)
"""


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"], start_new_session=True
    )


def test_ends_every_group_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pids = [int(line) for line in iter(parent.stdout.readline, b"ready\n")]
        time.sleep(0.3)
        groups = {pid: psutil.Process(pid) for pid in pids}
        family = [*groups.values(), *(c for p in groups.values() for c in p.children())]
        assert len(family) == 5
        parent.kill()
        _gone, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_is_started_anew_when_somebody_has_killed_it() -> None:
    child = sleeper()
    guardian = Guardian()
    guardian.watch(child.pid)
    guardian._process.kill()
    guardian._process.wait()
    guardian.tend()
    assert guardian._process.stdin
    guardian._process.stdin.close()
    assert child.wait(timeout=5) == -signal.SIGTERM
    guardian.close()


def test_spares_what_it_was_told_to_forget() -> None:
    child = sleeper()
    guardian = Guardian()
    guardian.watch(child.pid)
    guardian.forget(child.pid)
    guardian.close()
    assert child.poll() is None
    child.kill()
    child.wait()


def test_survives_the_signals_of_a_terminal() -> None:
    guardian = Guardian()
    time.sleep(0.3)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        guardian._process.send_signal(number)
    time.sleep(0.2)
    assert guardian._process.poll() is None
    guardian.close()


def test_keeps_a_lock_until_it_has_finished(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    guardian = Guardian(keep=(writing,))
    os.close(writing)
    os.set_blocking(reading, False)
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    guardian.close()
    assert os.read(reading, 1) == b""
    os.close(reading)
