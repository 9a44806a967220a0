from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.domain.states import Actor, State
from service.http.callers import Scope
from service.review import claims
from service.review.queue import find_places
from service.review.selection import CLAIM
from service.tables import Comment
from service.testing.backend import Backend, make_key
from service.testing.rows import frozen_clock


def flagged(backend: Backend, number: int) -> list[str]:
    ids = [backend.comment()["id"] for _ in range(number)]
    for comment_id in ids:
        backend.judge(comment_id, State.FLAGGED, 0.9)
    return ids


def claim(backend: Backend, moderator: str, **changes: Any) -> list[str]:
    body = {"moderator": {"key": moderator}, "limit": 2} | changes
    response = backend.call("POST", "/v1/review/claims", json=body)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def own(backend: Backend, moderator: str | None) -> list[bool | None]:
    headers = {"Netiquette-Moderator": moderator}
    items = backend.call("GET", "/v1/review/queue", headers=headers).json()["items"]
    return [item["claim"] and item["claim"]["own"] for item in items]


def release(backend: Backend, comment_id: str, moderator: str | None) -> int:
    headers = {"Netiquette-Moderator": moderator}
    path = f"/v1/review/claims/{comment_id}"
    return backend.call("DELETE", path, headers=headers).status_code


def make_lead(backend: Backend, moderator: str) -> None:
    """Have a key with the scope `leads` say so, once."""
    named = {"key": moderator, "lead": True}
    assert backend.decide(backend.comment()["id"], "approved", moderator=named).is_success


def test_one_s_own_claims_are_marked(backend: Backend) -> None:
    flagged(backend, 3)
    claim(backend, "petra", limit=1)
    claim(backend, "kemal", limit=1)
    assert own(backend, "petra") == [True, False, None]
    assert own(backend, "kemal") == [False, True, None]
    assert own(backend, "p%65tra") == [True, False, None]
    assert own(backend, None) == own(backend, "nobody") == [False, False, None]


def test_a_released_claim_is_free_at_once(backend: Backend) -> None:
    first, second = flagged(backend, 2)
    claim(backend, "petra")
    assert release(backend, first, "petra") == 204
    assert release(backend, first, "petra") == 204
    assert claim(backend, "kemal") == [first]
    assert release(backend, second, "kemal") == 409
    assert release(backend, second, None) == 422
    assert release(backend, backend.rows.site_id.hex, "petra") == 404
    assert claim(backend, "petra") == [second]


def test_a_lead_may_overrule_a_claim_and_release_it(backend: Backend) -> None:
    ids = flagged(backend, 2)
    claim(backend, "petra")
    kemal = {"moderator": {"key": "kemal"}}
    assert backend.decide(ids[0], "approved", **kemal).status_code == 409
    make_lead(backend, "kemal")
    assert backend.decide(ids[0], "approved", **kemal).status_code == 201
    assert release(backend, ids[1], "kemal") == 204
    assert claim(backend, "olga") == [ids[1]]


def test_only_a_key_with_its_own_scope_says_who_is_a_lead(backend: Backend) -> None:
    ids = flagged(backend, 2)
    plain = make_key(backend.database, backend.rows.site_id, Scope.REVIEW)
    undo = f"/v1/decisions/{backend.decide(ids[0], 'approved').json()['id']}/undo"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"/v1/comments/{ids[1]}/decisions", {"state": "approved", "revision": 1}),
        ("POST", undo, {}),
        ("POST", "/v1/review/claims", {}),
        ("PATCH", "/v1/members/lena", {"status": "active"}),
    ]
    for lead in (True, False):
        for method, path, body in calls:
            refused = backend.call(
                method,
                path,
                json=body | {"moderator": {"key": "kemal", "lead": lead}},
                headers={"Authorization": f"Bearer {plain}"},
            )
            assert refused.status_code == 403, path
            assert refused.json()["type"] == "urn:netiquette:problem:missing-scope"
    assert backend.read(ids[1])["state"] == "flagged"


def test_two_moderators_never_hold_the_same_comment(backend: Backend) -> None:
    ids = flagged(backend, 5)
    assert claim(backend, "petra") == ids[:2]
    assert claim(backend, "kemal") == ids[2:4]
    assert claim(backend, "petra", limit=5) == [*ids[:2], ids[4]]


def test_a_claim_frees_itself_and_is_renewed_by_asking_again(backend: Backend) -> None:
    with frozen_clock() as clock:
        ids = flagged(backend, 2)
        claim(backend, "petra")
        clock.advance(CLAIM.total_seconds() - 1)
        assert claim(backend, "petra") == ids
        clock.advance(CLAIM.total_seconds() - 1)
        assert claim(backend, "kemal") == []
        clock.advance(1)
        assert claim(backend, "kemal") == ids


def test_a_claim_does_not_outlast_a_clock_that_is_set_back(backend: Backend) -> None:
    with frozen_clock() as clock:
        ids = flagged(backend, 2)
        claim(backend, "petra")
        clock.advance(-60)
        assert claim(backend, "kemal") == []
        clock.advance(-3600)
        queue = backend.call("GET", "/v1/review/queue").json()
        assert [item["claim"] for item in queue["items"]] == [None, None]
        assert queue["counts"]["claimed"] == 0
        assert backend.decide(ids[0], "approved", moderator={"key": "kemal"}).status_code == 201
        assert claim(backend, "kemal") == ids[1:]
        assert claim(backend, "petra") == []


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_what_is_withdrawn_between_look_and_hold_is_not_claimed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = flagged(backend, 2)

    def find_and_lose(*arguments: Any, **more: Any) -> Any:
        found = find_places(*arguments, **more)
        with backend.database.write() as session:
            comment = lock_comment(session, backend.rows.site_id, UUID(ids[0]))
            change_state(session, Change(comment, State.WITHDRAWN, Actor.AUTHOR))
        return found

    monkeypatch.setattr(claims, "find_places", find_and_lose)
    assert claim(backend, "petra") == ids[1:]
    with backend.database.read() as session:
        assert session.get_one(Comment, UUID(ids[0])).claimed_by is None


def test_the_queue_shows_who_holds_a_comment(backend: Backend) -> None:
    flagged(backend, 1)
    with frozen_clock() as clock:
        claim(backend, "petra")
        queue = backend.call("GET", "/v1/review/queue").json()
        until = (clock() + timedelta(minutes=5)).isoformat(timespec="microseconds")
        assert queue["items"][0]["claim"] == {
            "moderator": {"key": "petra", "name": None},
            "until": until.replace("+00:00", "Z"),
            "own": False,
        }
        assert queue["counts"]["claimed"] == 1
        clock.advance(CLAIM.total_seconds())
        queue = backend.call("GET", "/v1/review/queue").json()
        assert queue["items"][0]["claim"] is None
        assert queue["counts"]["claimed"] == 0


def test_only_the_holder_decides_and_needs_no_claim_otherwise(backend: Backend) -> None:
    first, second, third = flagged(backend, 3)
    claim(backend, "petra")
    refused = backend.decide(first, "approved", moderator={"key": "kemal"})
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:netiquette:problem:claimed"
    assert backend.decide(second, "approved", moderator={"key": "petra"}).status_code == 201
    assert backend.decide(third, "approved", moderator={"key": "kemal"}).status_code == 201


def test_a_decision_ends_the_claim(backend: Backend) -> None:
    ids = flagged(backend, 2)
    claim(backend, "petra", limit=1)
    backend.decide(ids[0], "flagged")
    assert claim(backend, "kemal") == ids


def test_claims_obey_the_filters(backend: Backend) -> None:
    flagged(backend, 1)
    other = backend.comment(thread={"key": "sport"})["id"]
    backend.judge(other, State.FLAGGED)
    assert claim(backend, "petra", thread="sport") == [other]


def test_a_claim_of_another_site_takes_nothing(backend: Backend, other_site: Backend) -> None:
    ids = flagged(backend, 1)
    assert claim(other_site, "petra") == []
    assert claim(backend, "petra") == ids


def test_a_site_cannot_speak_for_an_account(backend: Backend) -> None:
    body = {"moderator": {"key": "account:1"}}
    response = backend.call("POST", "/v1/review/claims", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/moderator/key"
