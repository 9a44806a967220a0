"""The embedded default as a person starts it: a subprocess with its own folder and port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from service.settings import Settings
from workers.models import build as building
from workers.models import derived, parity
from workers.models.loading import graph_conditions, graph_folder
from workers.models.registry import find

CACHE = Path(__file__).parents[2] / ".cache"
NETIQUETTE = str(Path(sys.executable).with_name("netiquette"))


class Embedded:
    """One run, and what a person at its console would do and see."""

    def __init__(
        self, folder: Path, port: int, command: list[str], models: Path, model: str | None
    ) -> None:
        self.port = port
        self.var = folder / "var"
        self.output = folder / "console.txt"
        environment = os.environ | {
            "PORT": str(port),
            "NETIQUETTE_VAR_DIR": str(self.var),
            "NETIQUETTE_MODELS_DIR": str(models),
            # Nothing may ask a proxy for what is on this machine.
            "http_proxy": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        if model:
            environment["NETIQUETTE_MODEL"] = model
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """Return what stands on the console."""
        return self.output.read_text("utf-8")

    def wait_until_ready(self) -> None:
        """Wait for the word on the console."""
        self.wait_for("Ready after")
        assert httpx2.get(f"{self.demo['base_url']}/readyz", trust_env=False).status_code == 200

    def wait_for(self, words: str) -> None:
        """Wait until the console says so; fails with everything there is to know."""
        deadline = time.monotonic() + 150
        while words not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                logs = "\n".join(
                    f"--- {path.name}\n{path.read_text('utf-8')[-3000:]}"
                    for path in sorted(self.var.glob("log/*.log"))
                )
                pytest.fail(f"never {words!r}:\n{self.said()}\n{logs}")
            time.sleep(0.1)

    def wait_until_served(self) -> None:
        """Wait until the API answers, whoever is ready behind it."""
        self.wait_for("made the demo site")
        transport = httpx2.HTTPTransport(retries=10)
        with httpx2.Client(transport=transport, trust_env=False, timeout=60) as client:
            assert client.get(f"{self.demo['base_url']}/healthz").status_code == 200

    @property
    def demo(self) -> dict[str, Any]:
        """Return what `demo.json` tells."""
        content: dict[str, Any] = json.loads((self.var / "demo.json").read_text("utf-8"))
        return content

    def client(self) -> httpx2.Client:
        """Return a client of the demo site's backend."""
        return httpx2.Client(
            base_url=self.demo["base_url"],
            headers={"Authorization": f"Bearer {self.demo['api_key']}"},
            trust_env=False,
            timeout=15,
        )

    def family(self) -> list[psutil.Process]:
        """Return every process of this run."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def child(self, words: str) -> psutil.Process:
        """Return the oldest process whose command line holds the words."""
        return next(p for p in self.family() if words in " ".join(p.cmdline()))

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal signals every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)


def assert_gone(family: list[psutil.Process]) -> None:
    """Wait at most 10 s until none of the processes is left."""
    _, alive = psutil.wait_procs(family, timeout=10)
    left = [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert not left


Start = Callable[..., Embedded]


@pytest.fixture(scope="session")
def bundled() -> Path:
    """Return a models folder where the bundled model is built: a developer's own, or ours.

    Ours is proven on fewer texts: the proof itself is the same, but takes minutes where
    int8 is no gain. It is built once, and lasts for the next runs.
    """
    name = Settings.model_fields["model"].default
    if derived.read(graph_folder(find(name, CACHE / "models")), graph_conditions()):
        return CACHE / "models"
    with pytest.MonkeyPatch.context() as patch:
        few = parity.texts()[::8]
        patch.setattr(parity, "texts", lambda: few)
        patch.setattr(building, "INT8_FORMS", {"int8": building.INT8_FORMS["int8"]})
        building.build(find(name, CACHE / "models-of-tests"), print)
    return CACHE / "models-of-tests"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the embedded default, always on the same port and folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    runs: list[Embedded] = []

    def run(
        *command: str, models: Path = CACHE / "models-of-tests", model: str | None = None
    ) -> Embedded:
        runs.append(Embedded(tmp_path, port, list(command or (NETIQUETTE, "up")), models, model))
        return runs[-1]

    yield run
    for embedded in runs:
        if embedded.process.poll() is None:
            embedded.process.send_signal(signal.SIGTERM)
            embedded.process.wait(timeout=15)


@pytest.fixture
def gone() -> Callable[[list[psutil.Process]], None]:
    """Return the check that no process is left."""
    return assert_gone
