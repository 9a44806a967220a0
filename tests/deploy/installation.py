"""The services of compose.yaml as processes on this machine."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.deploy.dockerfile import ROOT, Step, read
from tests.deploy.image import Image
from tests.support.stack import free_port

PORTS = ("8000", "9100")
"""Those that compose.yaml's commands and health checks speak of; here each process has its own."""


class Installation:
    """Starts services by their exact commands, and looks after them as Compose would."""

    def __init__(self, images: dict[str, Image], scratch: Path) -> None:
        self.services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))[
            "services"
        ]
        self.images = images
        self.scratch = scratch
        self.secrets: dict[str, str] = {}
        """Of all services. Set as variables: /run/secrets is not ours to write on this machine."""
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.most: dict[str, int] = {}
        """The most memory that a process and its children were seen with, in MiB."""
        self._ports: dict[str, dict[str, str]] = {}

    def port(self, name: str, port: str) -> str:
        """Return this machine's port for a container's one."""
        own = self._ports.setdefault(name, {port: str(free_port()) for port in PORTS})
        return own[port]

    def run_once(self, service: str) -> float:
        """Run a service that ends by itself; return the seconds it took."""
        began = time.monotonic()
        process = self._popen(service, service)
        while process.poll() is None:
            self._watch(service, process)
            time.sleep(0.02)
        assert process.returncode == 0, service
        return time.monotonic() - began

    def start(self, name: str) -> None:
        """Start a service: `score`, or one more of it: `score-2`."""
        self.running[name] = self._popen(_service(name), name)

    def is_healthy(self, name: str) -> bool:
        """Run the health check that Compose or the image would run."""
        self._watch(name, self.running[name])
        words = self._check(_service(name))
        if not words:
            return self.running[name].poll() is None
        return self.exec(name, words, check=False).returncode == 0

    def exec(
        self, name: str, words: list[str], *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker compose exec` would."""
        return subprocess.run(
            self._command(name, words),
            env=self._environment(name),
            cwd=self._image(_service(name)).folder,
            check=check,
            text=True,
            capture_output=True,
        )

    def watch(self) -> None:
        """Note how much memory everybody has."""
        for name, process in self.running.items():
            self._watch(name, process)

    def end(self) -> dict[str, float]:
        """End everything as Compose does, by SIGTERM, one after the other; return the seconds.

        None may have to be killed.
        """
        took = {}
        for name, process in self.running.items():
            grace = float(self.services[_service(name)]["stop_grace_period"].removesuffix("s"))
            began = time.monotonic()
            process.terminate()
            # uvicorn ends in order, and then by the signal that it was sent.
            assert process.wait(grace) in {0, -signal.SIGTERM}, name
            took[name] = time.monotonic() - began
        return took

    def kill(self) -> None:
        """Leave nobody behind, whatever went wrong."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def _image(self, service: str) -> Image:
        return self.images[self.services[service]["build"]["target"]]

    def _popen(self, service: str, name: str) -> subprocess.Popen[bytes]:
        with (self.scratch / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                self._command(name, self.services[service]["command"]),
                env=self._environment(name),
                cwd=self._image(service).folder,
                stdout=log,
                stderr=log,
            )

    def _environment(self, name: str) -> dict[str, str]:
        """Return what Compose would set, with ports of this machine, and the secrets."""
        image = self._image(_service(name))
        own = {
            key: re.sub(r"\$\{[^}]*:-([^}]*)\}", r"\1", str(value))
            for key, value in self.services[_service(name)].get("environment", {}).items()
        }
        if "NETIQUETTE_METRICS_PORT" in own:
            own["NETIQUETTE_METRICS_PORT"] = self.port(name, own["NETIQUETTE_METRICS_PORT"])
            own["NETIQUETTE_METRICS_HOST"] = "127.0.0.1"
        scratch = {"TMPDIR": str(self.scratch), "HOME": f"{image.root}/var/lib/netiquette"}
        mounted = [secret.upper() for secret in self.services[_service(name)].get("secrets", ())]
        secrets = {variable: self.secrets[variable] for variable in mounted}
        return image.environment | own | secrets | scratch

    def _command(self, name: str, words: list[str]) -> list[str]:
        for port in PORTS:
            old, new = f"'127.0.0.1', {port}", f"'127.0.0.1', {self.port(name, port)}"
            words = [self.port(name, port) if word == port else word for word in words]
            words = [word.replace(old, new) for word in words]
        words = ["127.0.0.1" if word == "0.0.0.0" else word for word in words]  # noqa: S104 - not bound to
        found = shutil.which(words[0], path=self._environment(name)["PATH"])
        assert found, words
        return [found, *words[1:]]

    def _check(self, service: str) -> list[str]:
        own = self.services[service].get("healthcheck")
        if own is None:
            (step,) = read()[self.services[service]["build"]["target"]].all("HEALTHCHECK")
            return Step("CMD", step.text.partition("CMD ")[2]).json()
        test: list[str] = [] if own.get("disable") else own["test"][1:]
        return test

    def _watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.most[name] = max(self.most.get(name, 0), _memory(process.pid))


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition holds; fails, naming what never came."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.2)


def _service(name: str) -> str:
    return name.partition("-")[0]


def _memory(pid: int) -> int:
    """Return the resident memory of a process and its children, in MiB.

    What they share counts more than once.
    """
    try:
        whole = psutil.Process(pid)
        family = [whole, *whole.children(recursive=True)]
        return int(sum(process.memory_info().rss for process in family) // 2**20)
    except psutil.NoSuchProcess:
        return 0
