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
