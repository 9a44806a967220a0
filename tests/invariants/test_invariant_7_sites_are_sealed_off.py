"""Invariant 7: a key of one site never sees, counts or guesses anything of another."""

from typing import Any

from service.domain.states import State
from service.testing.backend import Backend
from service.testing.rows import frozen_clock

SAME: dict[str, Any] = {
    "thread": {"key": "artikel", "title": "Titel"},
    "member": {"key": "lena", "name": "Lena"},
    "external_id": "1",
}
KEY = {"Idempotency-Key": "1"}


def test_two_sites_with_the_same_keys_never_meet(backend: Backend, other_site: Backend) -> None:
    ours = backend.post(KEY, **SAME, body="unser")
    theirs = other_site.post(KEY, **SAME, body="ihrer")
    assert (ours.status_code, theirs.status_code) == (202, 202)
    assert ours.json()["id"] != theirs.json()["id"]

    for site, made in ((backend, ours), (other_site, theirs)):
        site.judge(made.json()["id"], State.APPROVED)
        shown = site.call("GET", "/v1/threads/artikel/comments").json()["items"]
        assert [item["id"] for item in shown] == [made.json()["id"]]
        assert site.post(KEY, **SAME, body=made.json()["body"]).json() == made.json()


def test_names_and_states_of_threads_and_members_are_each_sites_own(
    backend: Backend, other_site: Backend
) -> None:
    ours = backend.comment(**SAME)
    other_site.comment(
        thread={"key": "artikel", "title": "Anders"}, member={"key": "lena", "name": "Magda"}
    )
    other_site.call("PATCH", "/v1/threads/artikel", json={"open": False, "moderation": "post"})
    assert backend.read(ours["id"]) == ours
    assert backend.call("GET", "/v1/threads/artikel/comments").json()["items"] == []
    backend.comment()


def test_queues_and_counts_are_each_sites_own(backend: Backend, other_site: Backend) -> None:
    with frozen_clock() as clock:
        ours = backend.comment()
        backend.judge(ours["id"], State.FLAGGED)
        backend.comment()
        clock.advance(301)
        queue = other_site.call("GET", "/v1/review/queue").json()
        assert queue["items"] == []
        assert {count for count in queue["counts"].values() if isinstance(count, int)} == {0}
        assert len(backend.call("GET", "/v1/review/queue").json()["items"]) == 2


def test_a_cursor_of_another_site_tells_nothing(backend: Backend, other_site: Backend) -> None:
    for _ in range(2):
        backend.judge(backend.comment()["id"], State.FLAGGED)
    theirs = other_site.comment()
    other_site.judge(theirs["id"], State.FLAGGED)
    cursor = backend.call("GET", "/v1/review/queue", params={"limit": 1}).json()["next"]
    page = other_site.call("GET", "/v1/review/queue", params={"after": cursor})
    assert {item["id"] for item in page.json().get("items", [])} <= {theirs["id"]}


def test_moderators_of_the_same_key_are_two(backend: Backend, other_site: Backend) -> None:
    petra = {"key": "petra", "name": "Petra"}
    ours = backend.comment()
    backend.decide(ours["id"], "rejected", moderator=petra)
    theirs = other_site.comment()
    told = other_site.decide(theirs["id"], "rejected", moderator={"key": "petra"}).json()
    assert told["moderator"] == {"key": "petra", "name": None}


def test_events_are_each_sites_own(backend: Backend, other_site: Backend) -> None:
    backend.judge(backend.comment()["id"], State.APPROVED)
    assert other_site.call("GET", "/v1/events").json() == {"items": [], "next": 0}
    assert len(backend.call("GET", "/v1/events").json()["items"]) == 1
