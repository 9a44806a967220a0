"""Refused starts: a clear message, an exit code, nothing touched."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from service.embedded.folder import locked
from workers.testing import write_tiny_model


def up(folder: Path, port: int = 1, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "service", "up"],
        cwd=folder,
        env=os.environ | {"PORT": str(port), "NETIQUETTE_VAR_DIR": str(folder / "var")} | settings,
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


def test_another_database(tmp_path: Path) -> None:
    address = "postgresql+psycopg://nobody:GEHEIM@127.0.0.1:1/nothing"
    refused = up(tmp_path, NETIQUETTE_DATABASE_URL=address)
    assert refused.returncode == 1
    assert "NETIQUETTE_DATABASE_URL names another database" in refused.stderr
    assert "GEHEIM" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_such_model(tmp_path: Path) -> None:
    refused = up(tmp_path, free_port(), NETIQUETTE_MODEL="nowhere")
    assert_told(refused, "UnknownModel: no model 'nowhere'")


def test_no_place_for_models(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny")
    refused = up(
        tmp_path,
        free_port(),
        NETIQUETTE_MODEL=str(tmp_path / "tiny"),
        NETIQUETTE_MODELS_DIR="/proc/models",
    )
    assert_told(refused, "/proc/models")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def assert_told(refused: subprocess.CompletedProcess[str], reason: str) -> None:
    assert refused.returncode == 1
    assert reason in refused.stdout
    assert "Traceback" not in refused.stdout
    assert "the reason is above" in refused.stderr
