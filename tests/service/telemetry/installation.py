"""The API and a scoring worker as processes of their own, watched from outside."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from service.db import Database
from service.testing.backend import comment_in
from service.testing.rows import SiteRows
from tests.service.telemetry.collector import Collector
from tests.support.stack import FAKE_WORKER, Valkey, free_port, wait_until

GOODBYE = {"", "worker: Warm shutdown (MainProcess)"}
TOKEN = "metrics-GEHEIM-metrics"


@dataclass
class Installation:
    """Starts the API and one scoring child; `call` is a request to the API."""

    folder: Path
    database: Database
    rows: SiteRows
    key: str
    valkey: Valkey
    collector: Collector
    delay_ms: int
    """How often spans are sent."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    worker_port: int = 0
    api_port: int = 0

    def start(self) -> None:
        self.api_port, self.worker_port = free_port(), free_port()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fd = listener.fileno()
            base = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.client = httpx2.Client(base_url=base, timeout=20)
            command = ["-m", "service", "api", "--fd", str(fd)]
            self._start("api", self.api_port, *command, pass_fds=(fd,))
        self._start("score", self.worker_port, str(FAKE_WORKER), "score", "1")
        wait_until(lambda: self.client.get("/readyz").status_code == 200)

    def _start(self, name: str, metrics_port: int, *command: str, **more: Any) -> None:
        (self.folder / "fake").touch()
        environment = os.environ | {
            "NETIQUETTE_DATABASE_URL": self.database.engine.url.render_as_string(
                hide_password=False
            ),
            "NETIQUETTE_REDIS_URL": self.valkey.url,
            "NETIQUETTE_MODELS_DIR": str(self.folder),
            "NETIQUETTE_METRICS_PORT": str(metrics_port),
            "NETIQUETTE_METRICS_TOKEN": TOKEN,
            "NETIQUETTE_MEMBER_RATE": "9999/second",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=GEHEIM-header",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
            "OTEL_BSP_SCHEDULE_DELAY": str(self.delay_ms),
        }
        with (self.folder / f"{name}.log").open("wb") as output:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    env=environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    **more,
                )
            )

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {self.key}"}
        return self.client.request(method, path, headers=bearer | (headers or {}), **more)

    def post(self, wait: int = 0, **changes: Any) -> dict[str, Any]:
        response = self.call(
            "POST", "/v1/comments", {"Prefer": f"wait={wait}"}, json=comment_in(**changes)
        )
        assert response.status_code in {200, 202}, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def metrics(self, port: int) -> str:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics").text

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return a process's log; each line must be JSON, except Celery's good-bye."""
        lines = self.text(name).splitlines()
        return [json.loads(line) for line in lines if line not in GOODBYE]

    def text(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """End all processes in order; again does nothing."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)

    def close(self) -> None:
        """Stop, however it takes."""
        self.client.close()
        try:
            self.stop()
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
