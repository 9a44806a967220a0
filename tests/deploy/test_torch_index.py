"""Where pip takes torch from: never from an index that would hold the installation up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest

from deploy import torch_index
from tests.support.installation import DEAD_PORT

TORCH = "torch==2.13.0"
HERE = "cp{}{}".format(*sys.version_info)
PAGE = (
    '<a href="/whl/cpu/torch-2.13.0%2Bcpu-{tag}-{tag}-manylinux_2_28_x86_64.whl#sha256=0">'
    "torch-2.13.0+cpu-{tag}-{tag}-manylinux_2_28_x86_64.whl</a>"
)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make this a Linux machine without a GPU or a proxy; return the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_index, "GPU_DEVICE", tmp_path / "nvidia0")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("no_proxy", "*")
    return programs


@contextmanager
def index_with(page: str, status: int = 200) -> Iterator[str]:
    """Serve an index of packages, with this page for torch."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/whl/cpu/torch/" else 404)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_index_with_torch_for_this_python_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with index_with(PAGE.format(tag=HERE)) as index:
        torch_index.main(TORCH, index)
    assert capsys.readouterr() == (f"--index-url {index}\n", "")


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (PAGE.format(tag="cp310"), 200),
        (PAGE.format(tag=HERE).replace("2.13.0", "2.13.01"), 200),
        (PAGE.format(tag=HERE).replace("2.13.0", "2.12.0"), 200),
        (PAGE.format(tag=HERE), 403),
        ("<h1>Sign in to this network</h1>", 200),
    ],
)
def test_another_answer_is_not_taken_for_an_index(
    page: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with index_with(page, status) as index:
        torch_index.main(TORCH, index)
        assert_own_index(capsys, index)


def test_an_index_that_refuses_connections_is_not_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    index = f"http://127.0.0.1:{DEAD_PORT}/whl/cpu"
    torch_index.main(TORCH, index)
    assert_own_index(capsys, index)


def test_an_index_that_says_nothing_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_index, "MAX_SECONDS", 0.1)
    with create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/whl/cpu"
        torch_index.main(TORCH, index)
        assert_own_index(capsys, index)


def test_a_gpu_gets_its_own_build(capsys: pytest.CaptureFixture[str]) -> None:
    torch_index.GPU_DEVICE.touch()
    with index_with(PAGE.format(tag=HERE)) as index:
        torch_index.main(TORCH, index)
    out, err = capsys.readouterr()
    assert not out
    assert "GPU" in err


@pytest.mark.parametrize(
    ("listed", "found"),
    [("echo 'GPU 0: NVIDIA H200'", True), ("echo 'No devices found.'", False), ("exit 9", False)],
)
def test_a_gpu_is_found_by_its_program(listed: str, found: bool, machine: Path) -> None:
    program = machine / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{listed}\n")
    program.chmod(0o755)
    assert torch_index.has_gpu() is found


def test_no_index_is_asked_where_no_build_has_cuda(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with index_with(PAGE.format(tag=HERE)) as index:
        torch_index.main(TORCH, index)
    assert capsys.readouterr() == ("", "")


def assert_own_index(capsys: pytest.CaptureFixture[str], index: str) -> None:
    """Assert that pip was sent to its own index, and somebody told why and what it costs."""
    out, err = capsys.readouterr()
    assert not out
    assert index in err
    assert "several gigabytes" in err
    assert "TORCH_INDEX" in err
