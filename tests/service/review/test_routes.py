"""The moderators' queue, and their decisions."""

from typing import Any

import pytest

from service.domain.states import State
from service.testing.backend import Backend
from service.testing.rows import frozen_clock


def queue(backend: Backend, **query: Any) -> dict[str, Any]:
    response = backend.call("GET", "/v1/review/queue", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def flagged(backend: Backend, **changes: Any) -> str:
    comment_id: str = backend.comment(**changes)["id"]
    backend.judge(comment_id, State.FLAGGED, score=0.8)
    return comment_id


def refused(response: Any, slug: str) -> dict[str, Any]:
    assert response.status_code == 409, response.text
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:netiquette:problem:{slug}"
    return body


def test_the_queue_holds_what_a_person_must_look_at(backend: Backend) -> None:
    with frozen_clock() as clock:
        first = flagged(backend)
        stuck = backend.comment()["id"]
        clock.advance(301)
        backend.comment()
        approved = backend.comment()["id"]
        backend.judge(approved, State.APPROVED)
        last = flagged(backend)
        answer = queue(backend)
        assert [item["id"] for item in answer["items"]] == [first, stuck, last]
        assert answer["items"][0] == {**answer["items"][0], **backend.read(first)}
        assert answer["counts"]["flagged"] == 2
        assert answer["counts"]["long_pending"] == 1
        assert answer["next"] is None


def test_the_queue_pages(backend: Backend) -> None:
    ids = [flagged(backend) for _ in range(5)]
    found, after = [], None
    while True:
        page = queue(backend, limit=2, **({"after": after} if after else {}))
        assert page["counts"]["flagged"] == 5
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == ids


@pytest.mark.parametrize("query", ["after=x", "limit=0", "order=prettiest", "foo=1"])
def test_bad_queries(backend: Backend, query: str) -> None:
    response = backend.call("GET", f"/v1/review/queue?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/query/" + query.split("=", maxsplit=1)[0]


@pytest.mark.parametrize("state", ["approved", "rejected", "flagged"])
def test_a_decision_is_recorded(backend: Backend, state: str) -> None:
    comment_id = flagged(backend)
    response = backend.decide(
        comment_id,
        state,
        reason="insult",
        note="Grenzwertig\n– aber so.",
        moderator={"key": "petra", "name": "Petra"},
    )
    assert response.status_code == 201
    decision = response.json()
    assert decision["from_state"] == "flagged"
    assert decision["state"] == state
    assert decision["actor"] == "moderator"
    assert decision["moderator"] == {"key": "petra", "name": "Petra"}
    assert decision["reasons"][0]["code"] == "insult"
    assert decision["note"] == "Grenzwertig\n– aber so."
    now = backend.read(comment_id)
    assert now["state"] == state
    assert now["decision"] == decision
    in_queue = [item["id"] for item in queue(backend)["items"]]
    assert in_queue == ([comment_id] if state == "flagged" else [])


def test_a_pending_comment_can_be_decided(backend: Backend) -> None:
    comment_id = backend.comment()["id"]
    assert backend.decide(comment_id, "approved").json()["from_state"] == "pending"
    assert backend.read(comment_id)["state"] == "approved"


def test_a_retry_gives_the_first_decision(backend: Backend) -> None:
    comment_id = flagged(backend)
    first = backend.decide(comment_id, "rejected", reason="hate", expected_state="flagged")
    again = backend.decide(comment_id, "rejected", reason="hate", expected_state="flagged")
    assert again.status_code == 201
    assert again.json() == first.json()
    kinds = [
        item["kind"]
        for item in backend.call("GET", f"/v1/comments/{comment_id}/history").json()["items"]
    ]
    assert kinds.count("decision") == 2


def test_another_decision_of_the_same_moderator_is_a_new_one(backend: Backend) -> None:
    comment_id = flagged(backend)
    first = backend.decide(comment_id, "rejected").json()
    second = backend.decide(comment_id, "rejected", reason="hate").json()
    third = backend.decide(comment_id, "approved").json()
    assert len({first["id"], second["id"], third["id"]}) == 3
    assert third["from_state"] == "rejected"


def test_a_decision_on_an_old_revision_is_refused(backend: Backend) -> None:
    comment_id = flagged(backend)
    backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": "Neu"})
    told = refused(backend.decide(comment_id, "approved"), "outdated")
    assert (told["state"], told["revision"]) == ("pending", 2)
    refused(backend.decide(comment_id, "approved", revision=3), "outdated")
    assert backend.read(comment_id)["state"] == "pending"
    assert backend.decide(comment_id, "approved", revision=2).status_code == 201


def test_a_decision_on_another_state_is_refused(backend: Backend) -> None:
    comment_id = flagged(backend)
    refused(backend.decide(comment_id, "approved", expected_state="pending"), "outdated")
    assert backend.decide(comment_id, "approved", expected_state="flagged").status_code == 201


def test_a_colleague_within_the_undo_window_is_not_overruled_unseen(backend: Backend) -> None:
    paul = {"moderator": {"key": "paul"}}
    with frozen_clock() as clock:
        comment_id = flagged(backend)
        backend.decide(comment_id, "rejected")
        clock.advance(9)
        told = refused(backend.decide(comment_id, "approved", **paul), "outdated")
        assert told["state"] == "rejected"
        overruled = backend.decide(comment_id, "approved", expected_state="rejected", **paul)
        assert overruled.status_code == 201
        clock.advance(10)
        assert backend.decide(comment_id, "rejected").status_code == 201


def test_a_withdrawn_comment_is_not_decided(backend: Backend) -> None:
    comment_id = flagged(backend)
    backend.call("DELETE", f"/v1/comments/{comment_id}")
    refused(backend.decide(comment_id, "approved"), "illegal-transition")


@pytest.mark.parametrize("comment_id", ["01a21360-592a-73b9-b635-9940a80b777c", "x"])
def test_unknown_comments(backend: Backend, comment_id: str) -> None:
    assert backend.decide(comment_id, "approved").status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"state": "pending"}, "/state"),
        ({"state": "withdrawn"}, "/state"),
        ({"revision": 0}, "/revision"),
        ({"revision": "1"}, "/revision"),
        ({"revision": 2**31}, "/revision"),
        ({"revision": 10**30}, "/revision"),
        ({"reason": "mood"}, "/reason"),
        ({"note": "x" * 2001}, "/note"),
        ({"note": "\x00"}, "/note"),
        ({"moderator": {}}, "/moderator/key"),
        ({"moderator": {"key": "account:1"}}, "/moderator/key"),
        ({"moderator": {"key": "p", "name": "x" * 201}}, "/moderator/name"),
        ({"expected_state": "gone"}, "/expected_state"),
        ({"stat": "approved"}, "/stat"),
    ],
)
def test_decisions_that_are_none(backend: Backend, changes: dict[str, Any], pointer: str) -> None:
    comment_id = flagged(backend)
    response = backend.decide(comment_id, **({"state": "approved"} | changes))
    assert response.status_code == 422, response.text
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert backend.read(comment_id)["state"] == "flagged"


def test_a_moderator_name_is_kept_as_told_last(backend: Backend) -> None:
    comment_id = flagged(backend)
    backend.decide(comment_id, "rejected", moderator={"key": "petra", "name": "P."})
    again = backend.decide(comment_id, "approved", moderator={"key": "petra"})
    assert again.json()["moderator"]["name"] == "P."
