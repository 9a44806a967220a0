"""Idempotency-Key: the first answer, whatever happened since."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, update

from service.comments import idempotency
from service.domain.states import State
from service.tables import IdempotentRequest
from service.testing.backend import Backend
from service.testing.rows import frozen_clock

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def test_the_first_answer_is_given_again(backend: Backend) -> None:
    first = backend.post(KEY)
    comment_id = first.json()["id"]
    backend.judge(comment_id, State.APPROVED)
    backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": "Neu"})
    backend.call("PATCH", f"/v1/threads/{first.json()['thread']['key']}", json={"open": False})
    again = backend.post(KEY)
    assert again.status_code == first.status_code == 202
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


def test_the_first_answer_of_a_known_comment_is_given_again(backend: Backend) -> None:
    comment = backend.comment(external_id="e", body="eins")
    path = f"/v1/comments/{comment['id']}"
    backend.call("PATCH", path, json={"body": "zwei"})
    backend.judge(comment["id"], State.FLAGGED)
    first = backend.post(KEY, external_id="e", body="eins")
    assert (first.status_code, first.json()["revision"]) == (200, 2)
    backend.decide(comment["id"], "approved", revision=2)
    backend.call("PATCH", path, json={"body": "drei"})
    assert backend.post(KEY, external_id="e", body="eins").json() == first.json()


def test_another_body_is_refused(backend: Backend) -> None:
    backend.post(KEY)
    response = backend.post(KEY, body="anders")
    assert response.status_code == 422
    assert response.json()["type"] == "urn:netiquette:problem:idempotency-key-reused"


def test_what_was_refused_is_not_remembered(backend: Backend) -> None:
    assert backend.post(KEY, body="").status_code == 422
    assert backend.post(KEY).status_code == 202


def test_a_key_is_forgotten_after_a_day(backend: Backend) -> None:
    with frozen_clock() as clock:
        first = backend.post(KEY).json()
        clock.advance(idempotency.RETENTION.total_seconds() - 1)
        assert backend.post(KEY).json() == first
        clock.advance(2)
        assert backend.post(KEY, body="anders").json()["id"] != first["id"]


def test_nobody_waits_for_a_clock_that_was_set_back(backend: Backend) -> None:
    with frozen_clock() as clock:
        first = backend.post(KEY).json()
        # As the request leaves it that waits when its process is killed.
        with backend.database.write() as session:
            session.exec(
                update(IdempotentRequest)
                .where(col(IdempotentRequest.comment_id) == UUID(first["id"]))
                .values(in_flight_until=clock() + timedelta(seconds=10))
            )
        assert backend.post(KEY).status_code == 409
        clock.advance(-3600)
        assert backend.post(KEY).json() == first


@pytest.mark.parametrize("key", ["", "x" * 201, "ä", "a\tb"])
def test_keys_that_cannot_be_kept(backend: Backend, key: str) -> None:
    response = backend.post({"Idempotency-Key": key.encode("latin-1")})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/header/idempotency-key"


def test_the_retention_is_a_day() -> None:
    assert timedelta(hours=24) == idempotency.RETENTION
