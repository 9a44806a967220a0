"""What a process imports, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path


def run(program: str, **environment: str) -> str:
    """Return what a Python program prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_without_an_endpoint_nothing_that_exports_is_imported() -> None:
    """Redis's client imports the SDK for metrics wherever it is installed; nobody uses it."""
    program = """
import sys, service.app, workers.processes
from service.telemetry import tracing
tracing.start_tracing("test")
with tracing.publishing("queue", []) as headers, tracing.handling("queue", None):
    print(headers, tracing.current_caller())
print([name for name in sys.modules if name.startswith(
    ("opentelemetry.sdk.trace", "opentelemetry.exporter", "opentelemetry.proto"))])
tracing.stop_tracing()
"""
    assert run(program) == "{} None\n[]"


def test_the_folder_of_shared_numbers_lives_as_long_as_its_maker() -> None:
    program = """
import os, service.telemetry
from service.telemetry import metrics
folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
if os.fork() == 0:
    raise SystemExit(0)
os.wait()
assert os.listdir(folder)
print(folder)
"""
    assert not Path(run(program, NETIQUETTE_METRICS_PORT="1")).exists()


def test_numbers_are_not_shared_where_nobody_reads_them() -> None:
    assert (
        run("import os, service.telemetry; print([*os.environ].count('PROMETHEUS_MULTIPROC_DIR'))")
        == "0"
    )


SHARE = """
import os, pathlib, signal, sys
from service.telemetry import shared
shared.MEMORY = pathlib.Path(sys.argv[1])
os.environ["NETIQUETTE_METRICS_PORT"] = "1"
shared.share_numbers()
print(os.environ["PROMETHEUS_MULTIPROC_DIR"], flush=True)
"""
KILLED = SHARE + "os.kill(os.getpid(), signal.SIGKILL)"
WAITING = SHARE + "sys.stdin.read()"


def maker(program: str, memory: Path) -> subprocess.Popen[str]:
    """Start a process that makes a folder for its numbers."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_folder_of_a_killed_process_goes_with_the_next_start(tmp_path: Path) -> None:
    with maker(WAITING, tmp_path) as living:
        assert living.stdout
        kept = Path(living.stdout.readline().strip())
        with maker(KILLED, tmp_path) as killed:
            assert killed.stdout
            left = Path(killed.stdout.readline().strip())
        assert kept.is_dir()
        assert left.is_dir()
        (left / "counter_1.db").touch()
        # Of a container that shares the memory, of an older version, and of somebody else.
        prefix, namespace, number, _ = left.name.rsplit("-", 3)
        others = [
            tmp_path / f"{prefix}-{namespace}0-{number}-abc",
            tmp_path / f"{prefix}-abcdef",
            tmp_path / f"another-{left.name}",
        ]
        for folder in others:
            folder.mkdir()
        link = tmp_path / f"{prefix}-{namespace}-{number}-link"
        link.symlink_to(others[0])
        with maker(KILLED, tmp_path) as next_one:
            assert next_one.stdout
            new = Path(next_one.stdout.readline().strip())
        assert {*tmp_path.iterdir()} == {kept, new, link, *others}
        living.communicate()
    assert not kept.exists()
