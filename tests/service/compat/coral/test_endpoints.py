"""Coral's external moderation phase, with a worker that scores."""

import json
from typing import Any

import pytest
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import select

from service.compat.coral.signatures import sign
from service.db import Database
from service.tables import Analysis, Site
from service.testing_http import Backend
from service.webhooks.secrets import SecretBox
from tests.conftest import SECRET_KEY
from tests.invariants.fake_worker import RAISES
from tests.service.compat.conftest import add_scorer

SECRET = "6c1f0e2b"
NEW_SECRET = "9d41aa07"
WITHHELD = {"status": "SYSTEM_WITHHELD"}
FLAGGED = {
    "status": "SYSTEM_WITHHELD",
    "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}],
}

# As Coral's server serialises it: JSON.stringify(request, null, 2).
SENT = b"""{
  "action": "NEW",
  "comment": {
    "body": "<div>Das sehe ich <b>anders</b>, sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9fe &amp; Dank!</div>",
    "parentID": null
  },
  "author": {
    "id": "5f1c7c2e-9c1b-4a8e-a4f5-8f7f0a2d9c11",
    "role": "COMMENTER"
  },
  "story": {
    "id": "c0a80164-17d2-4d5b-9f0a-5a0f4d1f2e33",
    "url": "https://morgenblatt.example/artikel/1"
  },
  "site": {
    "id": "0c3b0d1e-4f4f-4a57-8f4b-1b8e0c3d5a77"
  },
  "tenantID": "8f0f4f39-3a0e-4a8e-9f1d-3d6b1d0a4f10",
  "tenantDomain": "coral.morgenblatt.example"
}"""
SIGNATURE = "sha256=53400b4741a9a0181516e3cbfe912e242247447d0a9974320bd9f60bf6e7cd41"
"""Of SENT with SECRET, by another hand: openssl dgst -sha256 -hmac 6c1f0e2b."""


def connect(database: Database, backend: Backend, secret: str = SECRET) -> str:
    """Connect the backend's site; return its key."""
    with database.write() as session:
        site = session.get_one(Site, backend.rows.site_id)
        site.coral_secret = SecretBox(SecretStr(SECRET_KEY)).encrypt(secret)
        return site.key


def send(
    backend: Backend, body: bytes, signature: str | None = None, timeout: int = 10_000
) -> Response:
    key = connect(backend.database, backend)
    headers = {
        "Authorization": None,
        "Content-Type": "application/json",
        "X-Coral-Signature": sign(SECRET, body) if signature is None else signature,
    }
    path = f"/v1/integrations/coral/{key}"
    return backend.call("POST", path, params={"timeout": timeout}, content=body, headers=headers)


def request(text: str, **changes: Any) -> bytes:
    document = json.loads(SENT)
    document["comment"] |= {"body": text, **changes.pop("comment", {})}
    return json.dumps(document | changes).encode()


@pytest.mark.usefixtures("worker")
class TestWithWorker:
    """Where scores come in time."""

    def test_the_exchange_byte_for_byte(self, backend: Backend) -> None:
        answer = send(backend, SENT, SIGNATURE)
        assert (answer.status_code, answer.content) == (200, b"{}")

    def test_what_the_policy_flags_is_withheld(self, backend: Backend) -> None:
        assert send(backend, request("Du Idiot")).json() == FLAGGED

    @pytest.mark.parametrize(
        "changes",
        [
            {"action": "EDIT"},
            {"comment": {"parentID": "c0a80164-17d2-4d5b-9f0a-5a0f4d1f2e34"}},
            {"author": {"id": "a", "role": "MODERATOR"}},
            {"something": "new"},
        ],
    )
    def test_edits_replies_and_all_authors_alike(
        self, backend: Backend, changes: dict[str, Any]
    ) -> None:
        assert send(backend, request("Du Idiot", **changes)).json() == FLAGGED
        assert send(backend, request("Hallo", **changes)).json() == {}

    def test_html_hides_nothing(self, backend: Backend) -> None:
        assert send(backend, request("<div>Du Id<i>io</i>t</div>")).json() == FLAGGED

    @pytest.mark.parametrize("text", ["", "<br>", "x" * 20_481, RAISES])
    def test_what_cannot_be_scored_is_withheld(self, backend: Backend, text: str) -> None:
        assert send(backend, request(text)).json() == WITHHELD

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"comment": 3}', b'{"action": "DELETE"}'])
    def test_what_cannot_be_read_is_withheld(self, backend: Backend, body: bytes) -> None:
        assert send(backend, body).json() == WITHHELD

    def test_one_of_several_signatures_is_enough(self, backend: Backend) -> None:
        both = f"{sign(NEW_SECRET, SENT)},{sign(SECRET, SENT)}"
        assert send(backend, SENT, both).json() == {}
        assert send(backend, SENT, f"{sign(SECRET, SENT)}, {sign(NEW_SECRET, SENT)}").json() == {}

    def test_nothing_is_left(self, backend: Backend) -> None:
        send(backend, SENT)
        with backend.database.read() as session:
            kept = select(Analysis).where(Analysis.site_id == backend.rows.site_id)
            assert not session.exec(kept).all()


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "x", "sha1=00", sign(NEW_SECRET, SENT), sign(SECRET, SENT)[7:]]
)
def test_wrong_signatures_are_refused(backend: Backend, signature: str) -> None:
    answer = send(backend, SENT, signature)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:netiquette:problem:unauthorized"


def test_sites_without_coral_and_unknown_ones_look_the_same(backend: Backend) -> None:
    with backend.database.read() as session:
        known = session.get_one(Site, backend.rows.site_id).key
    headers = {"Authorization": None, "X-Coral-Signature": sign(SECRET, SENT)}
    answers = [
        backend.call("POST", f"/v1/integrations/coral/{key}", content=SENT, headers=headers)
        for key in (known, "gibt-es-nicht")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_scores_that_come_too_late_withhold(backend: Backend) -> None:
    add_scorer(backend.database)
    answer = send(backend, SENT, timeout=300)
    assert answer.json() == WITHHELD
    assert answer.elapsed.total_seconds() < 10


@pytest.mark.parametrize("timeout", [99, 10_001])
def test_timeouts_are_coral_s(backend: Backend, timeout: int) -> None:
    assert send(backend, SENT, timeout=timeout).status_code == 422


def test_large_requests_are_refused(backend: Backend) -> None:
    assert send(backend, request("x" * 300_000)).status_code == 413
