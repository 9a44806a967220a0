"""Coral's external moderation phase, with a worker that scores."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import select
from starlette.testclient import TestClient

from service.analyses import use_cases as analyses
from service.analyses.results import Result
from service.app import create_app
from service.compat.coral import use_cases
from service.compat.coral.answers import patience
from service.compat.coral.door import MAX_BODY
from service.compat.coral.signatures import sign
from service.db import Database
from service.errors import TooLarge
from service.http.context import Context
from service.secret_box import SecretBox
from service.settings import Settings
from service.tables import Analysis, Site
from service.testing.backend import Backend
from service.testing.rows import failing_database
from tests.support.analysing import add_scorer, remove_scorers, worker_on
from tests.support.disguises import DISGUISES
from tests.support.fake_worker import COSTLY, FRENCH, RAISES
from tests.support.installation import DEAD_PORT, SECRET_KEY
from tests.support.one_word import OneWord, engine_of
from tests.support.reading import Change
from tests.support.stack import wait_until

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


def connect(database: Database, backend: Backend, secret_key: str = SECRET_KEY) -> str:
    """Connect the backend's site; return its key."""
    with database.write() as session:
        site = session.get_one(Site, backend.rows.site_id)
        site.coral_secret = SecretBox(SecretStr(secret_key)).encrypt(SECRET)
        return site.key


def send(
    backend: Backend, body: bytes, signature: str | None = None, timeout: Any = 10_000
) -> Response:
    key = connect(backend.database, backend)
    return call(backend, key, body, sign(SECRET, body) if signature is None else signature, timeout)


def call(backend: Backend, key: str, body: bytes, signature: str, timeout: Any) -> Response:
    headers = {
        "Authorization": None,
        "Content-Type": "application/json",
        "X-Coral-Signature": signature,
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

    def test_a_language_that_the_model_lacks_is_withheld(self, backend: Backend) -> None:
        text = f"{FRENCH}: bonjour tout le monde"
        assert send(backend, request(text)).json() == WITHHELD
        assert send(backend, request(f"{text} <du Idiot")).json() == FLAGGED

    def test_html_hides_nothing(self, backend: Backend) -> None:
        assert send(backend, request("<div>Du Id<i>io</i>t</div>")).json() == FLAGGED

    @pytest.mark.parametrize(
        "text",
        [
            "Hallo <du Idiot",
            "Hallo <du Idiot>",
            "Hallo <!-- du Idiot",
            "<title>Du Idiot</title>Hallo",
            "Hallo<template>Du Idiot",
            "Hallo <b title='du Idiot'>",
        ],
    )
    def test_plain_text_that_would_hide_in_html_is_scored(
        self, backend: Backend, text: str
    ) -> None:
        assert send(backend, request(text)).json() == FLAGGED

    @pytest.mark.parametrize("text", ["", "<br>", "\u200b&#x2800;", "x" * 20_481, RAISES, COSTLY])
    def test_what_cannot_be_scored_is_withheld(self, backend: Backend, text: str) -> None:
        assert send(backend, request(text)).json() == WITHHELD

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b'{"comment": 3}',
            b'{"action": "DELETE"}',
            # Half of an emoji, as JavaScript writes it, and as older encoders did.
            b'{"comment": {"body": "Du Vollidiot \\ud83d"}}',
            b'{"comment": {"body": "Du Vollidiot \xed\xa0\xbd"}}',
        ],
    )
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
        for key in (known, "gibt-es-nicht", "nq%00")
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert answers[0].json() == answers[1].json() == answers[2].json()


def test_scores_that_come_too_late_withhold(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_scorer(backend.database)
    asked: list[float] = []

    async def analyze(context: Context, site_id: UUID, text: str, seconds: float) -> Result:
        asked.append(seconds)
        return await analyses.analyze(context, site_id, text, seconds / 100)

    monkeypatch.setattr(use_cases, "analyze", analyze)
    withheld = Change("netiquette_coral_withheld_total")
    assert send(backend, SENT, timeout=9_000).json() == WITHHELD
    assert withheld(cause="analysis-timeout") == 1
    # What is left of Coral's patience once the site is found.
    assert [0 < seconds < (patience("9000") or 0) for seconds in asked] == [True]


def test_a_wrong_signature_is_told_before_anything_else(backend: Backend) -> None:
    assert send(backend, b"{", "sha256=00", timeout="2s").status_code == 401


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_insult_is_withheld(backend: Backend, disguise: Callable[[str], str]) -> None:
    engine = engine_of(OneWord(marks=False, toxicity=1))
    with worker_on(backend.database, engine):
        assert send(backend, request(disguise("Hallo, du Idiot!"))).json() == FLAGGED


class TestFailsClosed:
    """Coral goes on without us after any answer but 200."""

    @pytest.mark.parametrize("timeout", ["99", "10001", "2s", "", "9" * 5_000])
    def test_timeouts_that_are_none_of_coral_s(self, backend: Backend, timeout: Any) -> None:
        answer = send(backend, SENT, timeout=timeout)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    @pytest.mark.parametrize("size", [MAX_BODY, Settings().max_body_bytes], ids=["ours", "any"])
    def test_large_requests(self, backend: Backend, size: int) -> None:
        answer = send(backend, request("x" * size))
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    def test_requests_of_too_many_values(self, backend: Backend) -> None:
        answer = send(backend, b'{"comment":[' + b"0," * 20_000 + b"0]}")
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    def test_without_a_worker(self, backend: Backend) -> None:
        remove_scorers(backend.database)
        withheld = Change("netiquette_coral_withheld_total")
        answer = send(backend, SENT)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)
        assert withheld(cause="analyses-busy") == 1

    @pytest.mark.parametrize("first", range(3))
    def test_without_a_database(self, backend: Backend, first: int) -> None:
        add_scorer(backend.database)
        key = connect(backend.database, backend)
        withheld = Change("netiquette_coral_withheld_total")
        with failing_database(backend.database, first):
            answer = call(backend, key, SENT, sign(SECRET, SENT), 10_000)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)
        assert withheld(cause="unavailable") == 1

    @pytest.mark.parametrize("path", ["/", "/a/b", "%2F"])
    def test_addresses_that_lead_nowhere(self, backend: Backend, path: str) -> None:
        key = connect(backend.database, backend)
        answer = call(backend, f"{key}{path}", SENT, sign(SECRET, SENT), 300)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    def test_with_a_database_slower_than_coral_is_patient(self, backend: Backend) -> None:
        add_scorer(backend.database)
        key = connect(backend.database, backend)
        with backend.database.write() as session:
            if not backend.database.is_sqlite:
                session.execute(text("LOCK TABLE analysis IN ACCESS EXCLUSIVE MODE"))
            withheld = Change("netiquette_coral_withheld_total")
            answer = call(backend, key, SENT, sign(SECRET, SENT), 300)
            # The question still waits: its answer was not waited for.
            assert len(use_cases._judging) == 1
        assert (answer.status_code, answer.json()) == (200, WITHHELD)
        assert withheld(cause="analysis-timeout") == 1
        wait_until(lambda: not use_cases._judging)

    def test_with_a_secret_of_another_installation(self, backend: Backend) -> None:
        key = connect(backend.database, backend, secret_key="another-key-" * 4)
        answer = call(backend, key, SENT, sign(SECRET, SENT), 300)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    def test_whatever_else_goes_wrong(
        self, backend: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_html: str) -> str:
            raise MemoryError

        monkeypatch.setattr(use_cases, "shown_text", fail)
        answer = send(backend, SENT)
        assert (answer.status_code, answer.json()) == (200, WITHHELD)

    def test_over_the_limit_of_the_site(self, database_url: str) -> None:
        slow = Settings(
            database_url=database_url,
            redis_url=DEAD_PORT,
            key_rate="1/minute",
            secret_key=SecretStr(SECRET_KEY),
        )
        app = create_app(slow)
        backend = Backend.of_new_site(TestClient(app), app.state.context.database)
        with worker_on(backend.database):
            answers = [send(backend, SENT) for _ in range(2)]
        backend.database.dispose()
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.json() for answer in answers] == [{}, WITHHELD]


def test_too_much_text_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "shown_text", pytest.fail)
    nested = json.dumps({"comment": {"body": "<div>" * 50_000}}).encode()
    with pytest.raises(TooLarge):
        use_cases._texts(nested)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_methods_are_not_allowed(backend: Backend, method: str) -> None:
    answer = backend.call(method, "/v1/integrations/coral/a", headers={"Authorization": None})
    assert answer.status_code == 405
