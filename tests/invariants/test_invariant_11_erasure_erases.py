"""Invariant 11: after an erasure nothing of the member is left, wherever one looks."""

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.db import Database
from service.domain.states import Actor, State
from service.http.callers import Scope
from service.tables import Assessment
from service.testing.backend import comment_in, make_key
from service.webhooks.secrets import new_secret
from tests.support.outbox import Outbox
from tests.support.stack import Stack, Valkey, wait_until

MARKER = "Zwetschgenmus"


def places(database: Database) -> set[str]:
    """Return the columns of all tables in which the marker is."""
    with database.read() as session:
        return {
            f"{table.name}.{column.name}"
            for table in SQLModel.metadata.sorted_tables
            for column in table.columns
            if any(MARKER in str(value) for value in session.scalars(select(column)))
        }


def in_files(folder: Path) -> set[str]:
    """Return the database's files in which the marker is; on Postgres there are none here."""
    return {
        path.suffix
        for path in folder.glob("netiquette.db*")
        if MARKER.encode() in path.read_bytes()
    }


class Site:
    """A site's backend that calls the API in a process of its own."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._log = stack.folder / "api.log"
        with socket.create_server(("127.0.0.1", 0)) as listener, self._log.open("wb") as log:
            descriptor = listener.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", "api", "--fd", str(descriptor)],
                env=stack.environment,
                cwd=stack.folder,
                pass_fds=[descriptor],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            address = listener.getsockname()
        self.token = token = make_key(stack.database, stack.rows.site_id, *Scope)
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{address[1]}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        response = self._client.request(method, path, json=body, **more)
        answer: dict[str, Any] = response.json()
        assert response.is_success, answer
        return answer

    def refused(self, method: str, path: str, **more: Any) -> int:
        return self._client.request(method, path, **more).status_code

    def logs(self) -> str:
        return self._log.read_text("utf-8", "replace") + self._stack.logs()

    def close(self) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    site = Site(stack)
    yield site
    site.close()


class Echo(BaseHTTPRequestHandler):
    """A webhook receiver that repeats what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def judge_with_evidence(stack: Stack, comment_id: str) -> None:
    """Flag as a policy would that quotes the text."""
    with stack.database.write() as session:
        comment = lock_comment(session, stack.rows.site_id, UUID(comment_id))
        assessment = Assessment(
            site_id=comment.site_id,
            comment_id=comment.id,
            revision=comment.revision,
            model="0" * 64,
            scores={"toxicity": 0.9},
            spans=[{"start": 0, "end": 5, "text": MARKER}],
            forms={"plain": {"toxicity": 0.9}},
            provenance={},
            duration=0.1,
        )
        session.add(assessment)
        session.flush()
        reasons = [{"code": "word", "evidence": f"… {MARKER} …"}]
        change = Change(
            comment,
            State.FLAGGED,
            Actor.POLICY,
            reasons=reasons,
            policy=1,
            assessment_id=assessment.id,
        )
        change_state(session, change)


def live_through_everything(site: Site, stack: Stack) -> str:
    """Have the member leave traces wherever one can; return another member's comment."""
    me = {"key": f"user-{MARKER}", "name": f"Lena {MARKER}"}
    other = site.call("POST", "/v1/comments", comment_in())["id"]
    ids = [
        site.call(
            "POST",
            "/v1/comments",
            comment_in(member=me, body=f"{MARKER} {n}", external_id=f"{MARKER}-{n}"),
            headers={"Idempotency-Key": f"{MARKER}-{n}"},
        )["id"]
        for n in range(4)
    ]
    edited, decided, withdrawn, pending = (f"/v1/comments/{comment_id}" for comment_id in ids)
    site.call("PATCH", edited, {"body": f"Noch einmal {MARKER}"})
    suggestion = {
        "comment": {"text": f" {MARKER} 0\r\n"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.1}}},
    }
    suggest = "/v1alpha1/comments:suggestscore"
    site.call("POST", suggest, suggestion, params={"key": site.token})
    judge_with_evidence(stack, ids[1])
    decision = {"state": "approved", "revision": 1, "moderator": {"key": "petra"}}
    site.call("POST", f"{decided}/decisions", decision | {"note": f"Das ist {MARKER}"})
    site.call("DELETE", withdrawn)
    report = {"reason": "other", "note": f"{MARKER} schon wieder"}
    site.call("POST", f"{pending}/reports", report)
    site.call("POST", f"/v1/comments/{other}/reports", report | {"reporter": {"key": me["key"]}})
    path = f"/v1/members/{me['key']}"
    site.call("PATCH", path, {"status": "suspended", "reason": f"Weil {MARKER}"})
    site.call("GET", "/v1/threads/artikel/comments", params={"member": me["key"]})
    assert site.refused("POST", "/v1/comments", json=comment_in(member=me)) == 403
    assert site.refused("PATCH", path, json={"status": MARKER}) == 422
    assert site.refused("GET", path, headers={"Authorization": "Bearer nq_no"}) == 401
    assert site.refused("GET", f"{path}/{MARKER}") == 404
    assert site.refused("PUT", path) == 405
    return str(other)


def test_no_trace_is_left(
    site: Site, stack: Stack, valkey: Valkey, database_url: str, echo: str
) -> None:
    outbox = Outbox(stack.database, stack.rows, new_secret())
    outbox.endpoint(echo, include_body=True)
    other = live_through_everything(site, stack)
    outbox.deliver()
    assert places(stack.database) == {
        "assessment.spans",
        "comment.external_id",
        "decision.note",
        "decision.reasons",
        "delivery.response",
        "idempotent_request.key",
        "label.body",
        "member.key",
        "member.name",
        "member.status_reason",
        "report.note",
        "revision.body",
    }
    assert in_files(stack.folder) or not database_url.startswith("sqlite")
    limits = valkey.everything()
    assert limits.count(b"LIMITS") >= 3
    assert MARKER.encode() not in limits

    receipt = site.call("DELETE", f"/v1/members/user-{MARKER}")
    assert places(stack.database).isdisjoint({"member.key", "member.name", "member.status_reason"})
    stack.start("io")
    stack.start("beat")
    path = f"/v1/erasures/{receipt['id']}"
    wait_until(lambda: site.call("GET", path)["state"] == "completed")

    assert site.call("GET", path)["comments"] == 4
    assert places(stack.database) == set()
    assert in_files(stack.folder) == set()
    assert MARKER.encode() not in valkey.everything()
    assert "member_erased" in site.logs()
    assert "/v1/members/{key}" in site.logs()
    assert MARKER not in site.logs()
    assert MARKER not in repr(site.call("GET", "/v1/events"))
    assert site.call("GET", f"/v1/comments/{other}")["body"] == comment_in()["body"]


@pytest.mark.parametrize("seed", [0, 3, 4, 9, 10])
def test_no_copy_is_left_where_pages_were_split(seed: int, tmp_path: Path) -> None:
    """secure_delete does not reach what b-trees leave behind when they split."""
    (tmp_path / "netiquette.db").touch()
    database = Database(f"sqlite:///{tmp_path / 'netiquette.db'}")
    dice = random.Random(seed)  # noqa: S311 - the same pages in every run
    with database.write() as session:
        session.execute(text("CREATE TABLE note (body TEXT UNIQUE)"))
        for number in range(300):
            body = f"{'Apfelmus' if number % 3 else MARKER}-{dice.getrandbits(128):032x}"
            session.execute(text("INSERT INTO note VALUES (:body)"), {"body": body})
    with database.write() as session:
        session.execute(text("UPDATE note SET body = NULL WHERE body NOT LIKE 'Apfel%'"))
    assert database.scrub()
    assert in_files(tmp_path) == set()
    database.dispose()


def test_a_reader_of_old_pages_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "netiquette.db").touch()
    database = Database(f"sqlite:///{tmp_path / 'netiquette.db'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE note (body TEXT)"))
        session.execute(text("INSERT INTO note VALUES (:body)"), {"body": MARKER})
    with database.read() as reader:
        reader.execute(text("SELECT * FROM note")).all()
        with database.write() as session:
            session.execute(text("DELETE FROM note"))
        assert not database.scrub()
    assert database.scrub()
    assert in_files(tmp_path) == set()
    database.dispose()
