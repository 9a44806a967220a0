"""No body, no name, no key and no secret is in any line of any log of a whole run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests

from service.http.callers import Scope
from service.testing.backend import comment_in, make_key
from tests.contracts.processes import installed, running, started
from tests.support.fake_worker import NOT_A_NUMBER, RAISES, TOXIC
from tests.support.stack import wait_until

AT_DEBUG = str(Path(__file__).with_name("at_debug.py"))
MARKER = "GEHEIM"
KINDS = ("api", "score", "io", "beat")


class Caller:
    """Calls every operation, with the marker wherever a caller can put something."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "User-Agent": MARKER})

    def call(self, method: str, path: str, status: int, **more: Any) -> Any:
        response = self._session.request(method, self._url + path, timeout=60, **more)
        assert response.status_code == status, response.text
        return response.json()

    def use_everything(self) -> None:
        member = {"key": f"{MARKER}-member", "name": MARKER}
        body = comment_in(
            body=f"{MARKER} {TOXIC}",
            thread={"key": f"{MARKER}-thread", "title": MARKER, "url": f"https://x.test/{MARKER}"},
            member=member,
            external_id=MARKER,
        )
        patient = {"Prefer": "wait=9", "Idempotency-Key": MARKER}
        comment = self.call("POST", "/v1/comments", 200, json=body, headers=patient)
        path = f"/v1/comments/{comment['id']}"
        self.call("POST", "/v1/comments", 422, json=body | {"body": "x"}, headers=patient)
        self.call("POST", "/v1/comments", 409, json=body | {"body": f"{MARKER} anders"})
        broken = [body | {"body": f"{MARKER} {word}", "external_id": word} for word in FAULTS]
        self.call("POST", "/v1/comments/batch", 202, json={"comments": [*broken, {MARKER: MARKER}]})
        report = {"reporter": {"key": member["key"]}, "reason": "insult", "note": MARKER}
        self.call("POST", path + "/reports", 201, json=report)
        moderator = {"key": MARKER, "name": MARKER}
        claimed = {"limit": 5, "moderator": moderator, "thread": f"{MARKER}-thread"}
        self.call("POST", "/v1/review/claims", 200, json=claimed)
        self.call("GET", f"/v1/review/queue?thread={MARKER}-thread", 200)
        decision = {"state": "rejected", "revision": 1, "note": MARKER, "moderator": moderator}
        made = self.call("POST", path + "/decisions", 201, json=decision)
        undo = {"moderator": moderator}
        self.call("POST", f"/v1/decisions/{made['id']}/undo", 201, json=undo)
        self.call("PATCH", path, 200, json={"body": f"{MARKER}, neu"})
        self.call("GET", path + "/history", 200)
        self.call("GET", f"/v1/threads/{MARKER}-thread/comments?member={MARKER}-member", 200)
        self.call("PATCH", f"/v1/threads/{MARKER}-thread", 200, json={"title": MARKER * 2})
        status = {"status": "banned", "reason": MARKER, "moderator": moderator}
        self.call("PATCH", f"/v1/members/{MARKER}-member", 200, json=status)
        self.call("POST", "/v1/comments", 403, json=body | {"external_id": f"{MARKER}-2"})
        self.call("GET", f"/v1/events?after=0&{MARKER}={MARKER}", 422)
        self.call("GET", f"/v1/{MARKER}?key={MARKER}", 404)
        json_type = {"Content-Type": "application/json"}
        self.call("POST", "/v1/comments", 400, data=f'{{"body": "{MARKER}', headers=json_type)
        wrong = {"Authorization": f"Bearer nq_{MARKER}"}
        self.call("GET", path, 401, headers=wrong)
        self.wait_for_all(comment["id"])
        receipt = self.call("DELETE", f"/v1/members/{MARKER}-member", 202)
        erasure = f"/v1/erasures/{receipt['id']}"
        wait_until(lambda: self.call("GET", erasure, 200)["completed_at"] is not None, 60)

    def wait_for_all(self, comment_id: str) -> None:
        def decided() -> bool:
            state: str = self.call("GET", f"/v1/comments/{comment_id}", 200)["state"]
            queue = self.call("GET", f"/v1/review/queue?thread={MARKER}-thread", 200)
            return state != "pending" and len(queue["items"]) == 1 + len(FAULTS)

        wait_until(decided, 60)


FAULTS = (RAISES, NOT_A_NUMBER)


@pytest.mark.parametrize("prefix", [(), (AT_DEBUG,)], ids=["info", "debug"])
def test_no_text_and_no_key_is_in_any_log(
    migrated_sqlite: Path, tmp_path: Path, prefix: tuple[str, ...]
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "netiquette.db")
    with installed(f"sqlite:///{tmp_path}/netiquette.db", tmp_path) as stack:
        token = make_key(stack.database, stack.rows.site_id, *Scope)
        with running(stack, *prefix) as url:
            Caller(url, token).use_everything()
        told = {process.log.stem: process.log.read_text("utf-8") for process in stack.workers}
    assert told.keys() == set(KINDS)
    assert "/v1/erasures/{erasure_id}" in told["api"]
    assert "batch_failed" in told["score"]
    assert ('"level": "debug"' in told["score"]) is bool(prefix)
    for text in told.values():
        for secret in (MARKER, token, token[3:]):
            assert secret not in text
        # To the last line: they were all told to end.
        assert {type(json.loads(line)) for line in text.splitlines()} == {dict}


@pytest.mark.parametrize("prefix", [(), (AT_DEBUG,)], ids=["info", "debug"])
def test_no_password_of_an_address_is_in_any_log(
    tmp_path: Path, migrated_sqlite: Path, prefix: tuple[str, ...]
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "netiquette.db")
    with installed(f"sqlite:///{tmp_path}/netiquette.db", tmp_path) as stack:
        stack.environment |= {
            "NETIQUETTE_DATABASE_URL": f"postgresql+psycopg://user:{MARKER}@127.0.0.1:1/none",
            "NETIQUETTE_REDIS_URL": f"redis://:{MARKER}@127.0.0.1:1/0",
        }
        with started(stack, *prefix) as url:
            for path in ("/readyz", "/v1/comments"):
                headers = {"Authorization": "Bearer nq_" + "x" * 43}
                assert requests.get(url + path, headers=headers, timeout=60).status_code == 503
            # Each has something to complain of: its database, or its broker.
            wait_until(lambda: all(worker.log.stat().st_size for worker in stack.workers), 60)
        told = stack.logs()
    assert MARKER not in told
    assert all(json.loads(line)["event"] for line in filter(None, told.splitlines()))
