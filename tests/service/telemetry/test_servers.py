"""Whatever happens to a server, each line that it writes is JSON."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TROUBLE = """
import sys, threading, warnings
from service.telemetry import log_as_server
log_as_server()
log_as_server()
class Bad:
    def __del__(self):
        raise ValueError("GEHEIM")
def fail():
    raise ValueError("GEHEIM")
print("eins\\nzwei")
sys.stderr.write("halb ")
print("und halb", file=sys.stderr)
warnings.warn("drei")
Bad()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def run(*arguments: str, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code, and the objects that were logged."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert "GEHEIM" not in done.stdout
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_prints_warnings_and_uncaught_errors_are_records() -> None:
    code, told = run("-c", TROUBLE)
    assert code == 1
    events = [record["event"] for record in told]
    assert events[:3] == ["eins", "zwei", "halb und halb"]
    assert "drei" in events[3]
    uncaught = [record for record in told if record["event"] == "uncaught_error"]
    assert [record["error"] for record in uncaught] == ["ValueError"] * 3
    assert all(record["exception"] for record in uncaught)


@pytest.mark.parametrize(
    "command", [("api",), ("worker", "score"), ("worker", "io"), ("worker", "beat")]
)
def test_bad_settings_of_a_server(command: tuple[str, ...]) -> None:
    code, told = run("-m", "service", *command, NETIQUETTE_SECRET_KEY="GEHEIM")
    assert code == 1
    assert [record["event"] for record in told] == ["settings_unusable"]
    assert told[0]["hint"].startswith("NETIQUETTE_SECRET_KEY: ")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, told = run("-m", "service", "api", "--port", port, NETIQUETTE_VAR_DIR=str(tmp_path))
    assert code == 3
    assert any("address already in use" in record["event"] for record in told)


def test_bad_settings_are_told_to_a_person_in_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "site", "list"],
        env=os.environ | {"NETIQUETTE_SECRET_KEY": "GEHEIM"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("NETIQUETTE_SECRET_KEY: ")
    assert "netiquette doctor" in done.stderr
    assert "Traceback" not in done.stderr
    assert "GEHEIM" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_costs_the_record_and_nothing_else() -> None:
    program = """
import os
from service.telemetry import log_as_server
log_as_server()
print("verloren")
os.write(1, b"weiter")
"""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert (done.stdout, done.returncode) == (b"weiter", 0)
