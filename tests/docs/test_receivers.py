"""The receivers of the documentation, as real processes that are really delivered to."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from service.app import create_app
from service.db import Database
from service.domain.states import State
from service.http.callers import Scope
from service.settings import Settings
from service.testing.backend import Backend, ServedApi, make_key
from service.testing.rows import add_site
from service.webhooks.secrets import new_secret
from tests.docs.node import NODE, install
from tests.support.installation import DEAD_PORT
from tests.support.outbox import Outbox
from tests.support.stack import free_port

DOCS = Path(__file__).parents[2] / "docs" / "webhooks"


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the Node receiver and the packages it needs."""
    return install(DOCS, "receiver.mjs", tmp_path_factory.mktemp("node"))


@pytest.fixture(params=["python", "node"])
def program(request: pytest.FixtureRequest) -> list[str]:
    """Return the command of each receiver."""
    if request.param == "python":
        return [sys.executable, str(DOCS / "receiver.py")]
    folder: Path = request.getfixturevalue("node_folder")
    return [str(NODE), str(folder / "receiver.mjs")]


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database, add_site(database), new_secret())


@pytest.fixture
def api(outbox: Outbox, database: Database, database_url: str) -> Iterator[tuple[str, str]]:
    """Give the address of a running API, and a key to read events with."""
    app = create_app(Settings(database_url=database_url, redis_url=DEAD_PORT))
    token = make_key(database, outbox.rows.site_id, Scope.COMMENTS)
    backend = Backend(TestClient(app), database, outbox.rows, token)
    with ServedApi(app, backend) as served:
        yield served.url, token


class Running:
    """A receiver that runs."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [*command, str(self.port)],
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self.port}/"
        self.caught_up = self.until("ready")

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def until(self, last: str) -> list[str]:
        """Return the lines before this one."""
        lines = []
        while (line := self.line()) != last:
            assert line or self.process.poll() is None, "the receiver has ended"
            lines.append(line)
        return lines

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)


@pytest.fixture
def start(
    program: list[str], outbox: Outbox, api: tuple[str, str], tmp_path: Path
) -> Iterator[Callable[[], Running]]:
    """Give what starts the receiver, each time with what it knew before."""
    environment = {"WEBHOOK_SECRET": outbox.secret, "API": api[0], "API_KEY": api[1]}
    with ExitStack() as stack:

        def run() -> Running:
            running = Running(program, tmp_path, environment)
            stack.callback(running.stop)
            return running

        yield run


def headers_of(message_id: str, signature: str, at: datetime) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def told(lines: list[str]) -> list[tuple[int, str]]:
    """Return the numbers and types that were applied."""
    parts = [line.split() for line in lines]
    return [(int(sequence), kind) for sequence, kind in parts]


def test_a_receiver_is_delivered_to_and_catches_up(
    start: Callable[[], Running], outbox: Outbox, tmp_path: Path
) -> None:
    (comment,) = outbox.comments(1)
    outbox.decide(comment)
    receiver = start()
    assert told(receiver.caught_up) == [(1, "comment.approved")]
    assert json.loads((tmp_path / "state.json").read_text())["position"] == 1
    endpoint = outbox.endpoint(receiver.url, queued_sequence=0)
    outbox.report(comment)
    outbox.deliver()
    # The first one comes again, and is known.
    assert told([receiver.line()]) == [(2, "report.received")]
    assert [one.outcome for one in outbox.deliveries(endpoint)] == ["delivered"] * 2
    receiver.stop()
    outbox.decide(comment, State.FLAGGED)
    outbox.deliver()
    assert outbox.deliveries(endpoint)[-1].outcome == "connection"
    assert told(start().caught_up) == [(3, "comment.flagged")]


def test_an_old_state_is_ignored_and_an_old_report_is_not(
    start: Callable[[], Running], outbox: Outbox
) -> None:
    receiver = start()
    for sequence, more in ((7, "decision"), (5, "decision"), (6, "report"), (8, "decision")):
        data = {"sequence": sequence, "comment": {"id": "c"}, more: {}}
        body, at = json.dumps({"type": f"{more}.test", "data": data}), datetime.now(UTC)
        signature = Webhook(outbox.secret).sign(f"msg_{sequence}", at, body)
        headers = headers_of(f"msg_{sequence}", signature, at)
        assert httpx2.post(receiver.url, content=body, headers=headers).status_code == 204
    receiver.process.terminate()
    assert [sequence for sequence, _ in told(receiver.until(""))] == [7, 6, 8]


def test_a_receiver_believes_no_forged_event(start: Callable[[], Running], outbox: Outbox) -> None:
    receiver = start()
    endpoint = outbox.endpoint(receiver.url, secret=outbox.box.encrypt(new_secret()))
    outbox.approve(1)
    outbox.deliver()
    assert [one.status for one in outbox.deliveries(endpoint)] == [400]
    forged = {"type": "comment.approved", "data": {"sequence": 9, "comment": {"id": "x"}}}
    for signature in ("", "nonsense", "v1,a", "v1,AAAA"):
        headers = headers_of("forged", signature, datetime.now(UTC))
        answer = httpx2.post(receiver.url, content=json.dumps(forged), headers=headers)
        assert answer.status_code == 400
    assert httpx2.post(receiver.url, content=json.dumps(forged)).status_code == 400
    receiver.process.terminate()
    assert receiver.until("") == []
