"""Prefer: wait, on a real server: many wait, none holds a thread."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlmodel import col, select

from service.app import create_app
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.http.waiting import Waiters
from service.settings import Settings
from service.tables import Comment, IdempotentRequest
from service.testing.backend import Backend, ServedApi
from tests.service.conftest import Waits

DEAD_PORT = "redis://127.0.0.1:1/0"
PATIENCE = 20
"""Seconds for what must come soon."""

KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def served(backend: Backend, waits: Waits) -> Iterator[ServedApi]:
    """Give the API on a real server with two threads and 30 waiting callers at most."""
    url = backend.database.engine.url.render_as_string(hide_password=False)
    settings = Settings(
        database_url=url,
        redis_url=DEAD_PORT,
        threads=2,
        max_waiters=30,
        key_rate="9999/second",
        member_rate="9999/second",
    )
    with ServedApi(create_app(settings), backend) as running:
        yield running


def in_thread(call: Callable[[], httpx2.Response]) -> Any:
    return ThreadPoolExecutor(1).submit(call)


def newest(backend: Backend, number: int = 1) -> list[str]:
    """Wait until the site has so many comments, and return their ids."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with backend.database.read() as session:
            found = session.exec(
                select(Comment.id).where(col(Comment.site_id) == backend.rows.site_id)
            ).all()
        if len(found) >= number:
            return [str(comment_id) for comment_id in found]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_decided_in_time(served: ServedApi, backend: Backend) -> None:
    waiting = in_thread(lambda: served.post({"Prefer": "wait=10"}))
    (comment_id,) = newest(backend)
    backend.judge(comment_id, State.FLAGGED, score=0.9)
    response = waiting.result(PATIENCE)
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait=10"
    assert response.json() == backend.read(comment_id)


def test_not_decided_in_time(served: ServedApi, waits: Waits) -> None:
    waits.stretch = 0
    response = served.post({"Prefer": "wait=7"})
    assert waits.asked == [7]
    assert response.headers["preference-applied"] == "wait=7"
    assert (response.status_code, response.json()["state"]) == (202, "pending")


def test_a_preference_that_cannot_be_read_is_none(served: ServedApi) -> None:
    response = served.post({"Prefer": "wait=soon"})
    assert response.status_code == 202
    assert "preference-applied" not in response.headers


def test_a_caller_who_waits_goes_first(served: ServedApi, backend: Backend) -> None:
    waiting = in_thread(lambda: served.post({"Prefer": "wait=10"}))
    (comment_id,) = newest(backend)
    with backend.database.read() as session:
        lanes = session.exec(
            select(Comment.lane).where(col(Comment.site_id) == backend.rows.site_id)
        ).all()
    assert lanes == [0]
    backend.judge(comment_id, State.APPROVED)
    waiting.result(PATIENCE)


def test_the_key_of_a_waiting_request_is_in_flight(served: ServedApi, backend: Backend) -> None:
    waiting = in_thread(lambda: served.post({"Prefer": "wait=10", **KEY}))
    (comment_id,) = newest(backend)
    meanwhile = served.post(KEY)
    assert meanwhile.status_code == 409
    assert meanwhile.json()["type"] == "urn:netiquette:problem:request-in-flight"
    backend.judge(comment_id, State.APPROVED)
    first = waiting.result(PATIENCE)
    assert first.status_code == 200
    backend.decide(comment_id, "rejected")
    again = served.post(KEY)
    assert (again.status_code, again.json()) == (200, first.json())


def test_waiting_callers_hold_no_thread_and_are_capped(served: ServedApi, backend: Backend) -> None:
    with ThreadPoolExecutor(30) as callers:
        waiting = [callers.submit(served.post, {"Prefer": "wait=10"}) for _ in range(30)]
        newest(backend, 30)
        # The API has two threads; all 30 wait, and others are served at once.
        assert served.get("/v1/review/queue").status_code == 200
        over = served.post({"Prefer": "wait=10"})
        assert over.status_code == 202
        assert "preference-applied" not in over.headers
        assert not any(call.done() for call in waiting)
        for comment_id in newest(backend, 31):
            backend.judge(comment_id, State.APPROVED)
        told = [call.result(PATIENCE).status_code for call in waiting]
    assert told == [200] * 30


def test_a_server_that_stops_sends_waiting_callers_home(
    served: ServedApi, backend: Backend
) -> None:
    waiting = in_thread(lambda: served.post({"Prefer": "wait=10"}))
    newest(backend)
    served.stop()
    response = waiting.result(PATIENCE)
    assert (response.status_code, response.json()["state"]) == (202, "pending")


def together(number: int, call: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """Make the same call so many times at once."""
    barrier = threading.Barrier(number)

    def run() -> httpx2.Response:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(number) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run) for _ in range(number)]]


def test_one_key_at_once_never_makes_two_comments(served: ServedApi, backend: Backend) -> None:
    for round_ in range(8):
        key = {"Idempotency-Key": f"round-{round_}"}
        responses = together(4, lambda key=key: served.post(key))  # type: ignore[misc]  # bound per round
        assert {response.status_code for response in responses} <= {202, 409}
        ids = {response.json()["id"] for response in responses if response.status_code == 202}
        assert len(ids) == 1
        for response in responses:
            if response.status_code == 409:
                assert response.json()["type"] == "urn:netiquette:problem:request-in-flight"
        assert served.post(key).json()["id"] in ids
    assert len(newest(backend)) == 8
    with backend.database.read() as session:
        kept = session.exec(
            select(IdempotentRequest).where(col(IdempotentRequest.site_id) == backend.rows.site_id)
        ).all()
    assert len(kept) == 8


def test_one_external_id_at_once_never_makes_two_comments(
    served: ServedApi, backend: Backend
) -> None:
    served.post()
    for round_ in range(8):
        responses = together(
            4,
            lambda round_=round_: served.post(external_id=f"e{round_}"),  # type: ignore[misc]  # bound per round
        )
        assert sorted(response.status_code for response in responses) == [200, 200, 200, 202]
        assert len({response.json()["id"] for response in responses}) == 1
    assert len(newest(backend)) == 9


def test_edits_at_once_are_numbered_one_by_one(served: ServedApi, backend: Backend) -> None:
    comment_id = served.post().json()["id"]
    texts = iter([f"Text {number}" for number in range(4)])
    responses = together(
        4, lambda: served.call("PATCH", f"/v1/comments/{comment_id}", json={"body": next(texts)})
    )
    assert [response.status_code for response in responses] == [200] * 4
    assert sorted(response.json()["revision"] for response in responses) == [2, 3, 4, 5]
    assert backend.read(comment_id)["revision"] == 5


def test_decisions_at_once_are_never_both_taken(served: ServedApi, backend: Backend) -> None:
    comment_id = served.post().json()["id"]
    moderators = iter(["anna", "bert", "cleo", "dora"])

    def decide() -> httpx2.Response:
        return served.call(
            "POST",
            f"/v1/comments/{comment_id}/decisions",
            json={"state": "approved", "revision": 1, "moderator": {"key": next(moderators)}},
        )

    assert sorted(response.status_code for response in together(4, decide)) == [201, 409, 409, 409]


def test_nobody_waits_once_closed(backend: Backend) -> None:
    waiters: Waiters[int] = Waiters(list, limit=1)
    waiters.close()
    assert backend.client.portal is not None
    assert backend.client.portal.call(waiters.wait, 1, 10) is False


def test_an_edit_waits_for_its_decision(served: ServedApi, backend: Backend) -> None:
    comment_id = backend.comment()["id"]
    backend.judge(comment_id, State.APPROVED)
    path, patient = f"/v1/comments/{comment_id}", {"Prefer": "wait=10"}
    edit = {"json": {"body": "Ganz anders."}, "headers": patient}
    waiting = in_thread(lambda: served.call("PATCH", path, **edit))
    deadline = time.monotonic() + PATIENCE
    while backend.read(comment_id)["revision"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with backend.database.read() as session:
        assert session.get_one(Comment, UUID(comment_id)).lane == Lane.WAITING
    backend.judge(comment_id, State.FLAGGED, score=0.9)
    response = waiting.result(PATIENCE)
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait=10"
    assert response.json() == backend.read(comment_id)
    assert response.json()["decision"]["state"] == "flagged"
    again = served.call("PATCH", path, **edit)
    assert "preference-applied" not in again.headers
