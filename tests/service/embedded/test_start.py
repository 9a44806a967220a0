"""Refused starts: a clear message, an exit code, nothing touched."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from service.embedded.folder import locked


def up(folder: Path, port: int = 1, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "service", "up"],
        cwd=folder,
        env=os.environ | {"PORT": str(port)} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_port_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = up(tmp_path, port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Netiquette cannot run. Port {port} cannot be used")
    assert not (tmp_path / "var" / "netiquette.db").exists()


def test_second_start(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with locked(tmp_path / "var", "http://127.0.0.1:1"):
        refused = up(tmp_path)
    assert refused.returncode == 1
    assert f"running already with {tmp_path / 'var'}: process {os.getpid()}" in refused.stderr


def test_no_write_rights(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("mine")
    refused = up(tmp_path)
    assert refused.returncode == 1
    assert f"{tmp_path / 'var'} cannot be used: " in refused.stderr
    assert (tmp_path / "var").read_text() == "mine"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"NETIQUETTE_MODEL": "nowhere"}, "UnknownModel: no model 'nowhere'"),
        ({"NETIQUETTE_MODELS_DIR": "/proc/models"}, "/proc/models"),
    ],
)
def test_no_usable_model(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    refused = up(tmp_path, port, **settings)
    assert refused.returncode == 1
    assert message in refused.stdout
    assert "Traceback" not in refused.stdout
    assert "why stands above" in refused.stderr
