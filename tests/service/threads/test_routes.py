"""What readers may see of a thread, in which order, page by page."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.http import paging
from service.http.callers import Scope
from service.ids import new_id
from service.tables import SCORER_SILENT_AFTER, Member
from service.testing.backend import Backend, make_key
from service.testing.rows import frozen_clock
from tests.support.analysing import add_scorer, remove_scorers

PATH = "/v1/threads/artikel/comments"


def read(backend: Backend, **query: Any) -> list[dict[str, Any]]:
    response = backend.call("GET", PATH, params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def seen(backend: Backend, **query: Any) -> list[str]:
    return [item["id"] for item in read(backend, **query)]


def approved(backend: Backend, **changes: Any) -> str:
    comment_id: str = backend.comment(**changes)["id"]
    backend.judge(comment_id, State.APPROVED)
    return comment_id


def moderate_afterwards(backend: Backend) -> None:
    answer = backend.call("PATCH", "/v1/threads/artikel", json={"moderation": "post"})
    assert answer.json()["moderation"] == "post"


@pytest.mark.parametrize(
    ("state", "visible"),
    [(None, False), ("approved", True), ("flagged", False), ("rejected", False)],
)
def test_readers_see_what_is_approved(backend: Backend, state: str | None, visible: bool) -> None:
    comment = backend.comment()
    if state:
        backend.decide(comment["id"], state)
    assert seen(backend) == ([comment["id"]] if visible else [])


def test_a_comment_as_readers_see_it(backend: Backend) -> None:
    comment_id = approved(backend, member={"key": "lena", "name": "Lena"})
    (item,) = read(backend)
    now = backend.read(comment_id)
    assert item == {
        "id": comment_id,
        "parent_id": None,
        "created_at": now["created_at"],
        "tombstone": False,
        "waiting": False,
        "state": "approved",
        "revision": 1,
        "body": now["body"],
        "edited_at": None,
        "audience": "public",
        "member": {"key": "lena", "name": "Lena"},
    }


def test_the_public_does_not_see_what_is_for_members(backend: Backend) -> None:
    public, members = approved(backend), approved(backend, audience="members")
    assert seen(backend) == [public]
    assert seen(backend, audience="public", member="lena") == [public]
    assert seen(backend, audience="members") == [public, members]


def test_authors_see_what_waits_of_their_own(backend: Backend) -> None:
    pending = backend.comment()["id"]
    flagged = backend.comment()["id"]
    backend.judge(flagged, State.FLAGGED)
    rejected = backend.comment()["id"]
    backend.decide(rejected, "rejected")
    withdrawn = backend.comment()["id"]
    backend.call("DELETE", f"/v1/comments/{withdrawn}")
    done = approved(backend)
    own = read(backend, member="lena")
    assert [(item["id"], item["waiting"], item["state"]) for item in own] == [
        (pending, True, "pending"),
        (flagged, True, "flagged"),
        (done, False, "approved"),
    ]
    assert seen(backend, member="paul") == seen(backend, member="unbekannt") == [done]


def test_an_edited_comment_disappears_until_it_is_decided(backend: Backend) -> None:
    comment_id = approved(backend)
    backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": "Neu"})
    assert seen(backend) == []


def test_after_publication_readers_see_pending_for_five_minutes(backend: Backend) -> None:
    with frozen_clock() as clock:
        comment_id = backend.comment()["id"]
        assert seen(backend) == []
        moderate_afterwards(backend)
        clock.advance(299)
        add_scorer(backend.database)
        assert seen(backend) == [comment_id]
        clock.advance(1)
        assert seen(backend) == []


def test_after_publication_nothing_shows_unread_while_nothing_is_scored(backend: Backend) -> None:
    with frozen_clock() as clock:
        parent = backend.comment()["id"]
        moderate_afterwards(backend)
        remove_scorers(backend.database)
        assert seen(backend) == []
        add_scorer(backend.database)
        reply = backend.comment(parent_id=parent, member={"key": "paul"})["id"]
        assert seen(backend) == [parent, reply]
        clock.advance(SCORER_SILENT_AFTER.total_seconds() + 1)
        assert seen(backend) == []
        assert seen(backend, member="paul") == [parent, reply]
        assert [item["tombstone"] for item in read(backend, member="paul")] == [True, False]


def test_after_publication_only_first_revisions_show_before_the_decision(
    backend: Backend,
) -> None:
    add_scorer(backend.database)
    comment_id = backend.comment()["id"]
    moderate_afterwards(backend)
    backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": "Neu"})
    assert seen(backend) == []


def test_after_publication_flagged_and_rejected_are_gone(backend: Backend) -> None:
    add_scorer(backend.database)
    comment_id = backend.comment()["id"]
    moderate_afterwards(backend)
    backend.judge(comment_id, State.FLAGGED)
    assert seen(backend) == []


@pytest.mark.parametrize("status", MemberStatus)
def test_after_publication_only_active_members_show_at_once(
    backend: Backend, status: MemberStatus
) -> None:
    with frozen_clock() as clock:
        add_scorer(backend.database)
        comment_id = backend.comment()["id"]
        moderate_afterwards(backend)
        with backend.database.write() as session:
            member = session.get_one(Member, backend.rows.member_id)
            member.status = status
        active = [comment_id] if status is MemberStatus.ACTIVE else []
        assert seen(backend) == active
        with backend.database.write() as session:
            member = session.get_one(Member, backend.rows.member_id)
            member.status_until = clock()
        assert seen(backend) == [comment_id]


def test_an_invisible_parent_of_a_visible_reply_is_a_tombstone(backend: Backend) -> None:
    parent = approved(backend, body="Geheim", member={"key": "paul"})
    childless = approved(backend)
    reply = approved(backend, parent_id=parent)
    for comment_id in (parent, childless):
        backend.call("DELETE", f"/v1/comments/{comment_id}")
    tomb, shown = read(backend)
    assert (tomb["id"], tomb["tombstone"]) == (parent, True)
    assert {tomb[name] for name in ("body", "state", "revision", "member", "audience")} == {None}
    assert (shown["id"], shown["parent_id"], shown["tombstone"]) == (reply, parent, False)


def test_an_invisible_reply_needs_no_tombstone(backend: Backend) -> None:
    parent = approved(backend)
    backend.comment(parent_id=parent)
    backend.call("DELETE", f"/v1/comments/{parent}")
    assert seen(backend) == []
    # but its author sees both
    assert len(seen(backend, member="lena")) == 2


def test_a_members_reply_to_an_invisible_parent_is_hidden_from_the_public(
    backend: Backend,
) -> None:
    parent = approved(backend)
    approved(backend, parent_id=parent, audience="members")
    backend.call("DELETE", f"/v1/comments/{parent}")
    assert seen(backend) == []
    assert len(seen(backend, audience="members")) == 2


@pytest.mark.parametrize("order", ["oldest", "newest"])
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    states=st.lists(st.sampled_from([State.APPROVED, State.FLAGGED]), max_size=7),
    limit=st.integers(1, 4),
    arriving=st.lists(st.booleans(), max_size=4),
)
def test_pages_have_no_gaps_and_no_doubles_while_comments_arrive(
    backend: Backend, order: str, states: list[State], limit: int, arriving: list[bool]
) -> None:
    thread = f"t-{new_id()}"
    here = {"thread": {"key": thread}}
    before = []
    backend.comment(**here)
    for state in states:
        comment_id = backend.comment(**here)["id"]
        backend.judge(comment_id, state)
        before += [comment_id] if state is State.APPROVED else []
    found: list[str] = []
    after = None
    while True:
        query = {"limit": limit, "order": order} | ({"after": after} if after else {})
        page = backend.call("GET", f"/v1/threads/{thread}/comments", params=query).json()
        assert len(page["items"]) <= limit
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
        if arriving and arriving.pop():
            approved(backend, **here)
    assert len(found) == len(set(found))
    assert found == sorted(found, reverse=order == "newest")
    assert [comment_id for comment_id in found if comment_id in before] == (
        before if order == "oldest" else before[::-1]
    )


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("foo=1", "/query/foo"),
        ("audience=alle", "/query/audience"),
        ("order=riskiest", "/query/order"),
        ("limit=x", "/query/limit"),
        ("member=%00", "/query/member"),
        ("after=x", "/query/after"),
    ],
)
def test_bad_queries(backend: Backend, query: str, pointer: str) -> None:
    response = backend.call("GET", f"{PATH}?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_cursor_belongs_to_its_thread_and_filters(backend: Backend) -> None:
    for _ in range(2):
        approved(backend)
    backend.comment(thread={"key": "anderer"})
    cursor = backend.call("GET", PATH, params={"limit": 1}).json()["next"]
    assert backend.call("GET", PATH, params={"after": cursor}).status_code == 200
    assert backend.call("GET", PATH, params={"after": cursor, "order": "newest"}).status_code == 422
    other = backend.call("GET", "/v1/threads/anderer/comments", params={"after": cursor})
    assert other.status_code == 422


def test_a_thread_is_changed_field_by_field(backend: Backend) -> None:
    url = "https://zeitung.example/a"
    first = backend.call("PATCH", "/v1/threads/artikel", json={"open": False, "title": "T"})
    assert (first.status_code, first.json()["open"], first.json()["title"]) == (200, False, "T")
    second = backend.call("PATCH", "/v1/threads/artikel", json={"url": url}).json()
    assert second == {**first.json(), "url": url}
    cleared = backend.call("PATCH", "/v1/threads/artikel", json={"title": None, "open": True})
    assert (cleared.json()["title"], cleared.json()["open"]) == (None, True)
    assert backend.call("PATCH", "/v1/threads/artikel", json={}).json() == cleared.json()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"open": "yes"}, "/open"),
        ({"open": None}, "/open"),
        ({"moderation": "never"}, "/moderation"),
        ({"url": "ftp://x"}, "/url"),
        ({"title": "x" * 501}, "/title"),
        ({"opne": True}, "/opne"),
    ],
)
def test_bad_changes(backend: Backend, changes: dict[str, Any], pointer: str) -> None:
    response = backend.call("PATCH", "/v1/threads/artikel", json=changes)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("key", "status"), [("unbekannt", 404), ("a%2Fb", 404), ("%C3%A4", 422), ("%00", 422)]
)
def test_threads_that_are_not_there(backend: Backend, key: str, status: int) -> None:
    assert backend.call("GET", f"/v1/threads/{key}/comments").status_code == status
    changed = backend.call("PATCH", f"/v1/threads/{key}", json={"open": False})
    assert changed.status_code == status
    assert changed.headers["content-type"] == "application/problem+json"


def test_percent_encoded_keys_are_the_same_keys(backend: Backend) -> None:
    backend.comment(thread={"key": "a:1@x"})
    assert backend.call("GET", "/v1/threads/a%3A1%40x/comments").status_code == 200


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_long_texts_make_short_pages(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(paging, "MAX_PAGE", 500)
    posted = [backend.comment(body=f"{number} " + "x" * 196)["id"] for number in range(5)]
    for comment in posted:
        backend.judge(comment, State.APPROVED)
    seen: list[list[str]] = []
    after = None
    while after is not None or not seen:
        query = {"order": order, "limit": 200} | ({"after": after} if after else {})
        page = backend.call("GET", "/v1/threads/artikel/comments", params=query).json()
        seen.append([item["id"] for item in page["items"]])
        after = page["next"]
    assert [len(page) for page in seen] == [2, 2, 1]
    expected = posted if order == "oldest" else posted[::-1]
    assert [comment for page in seen for comment in page] == expected


def test_a_title_does_not_open_a_closed_thread(backend: Backend) -> None:
    backend.comment()
    path = "/v1/threads/artikel"
    backend.call(
        "PATCH", path, json={"open": False, "moderation": "post", "url": "https://a.test/"}
    )
    after = backend.call("PATCH", path, json={"title": "Radweg"}).json()
    assert (after["open"], after["moderation"], after["title"]) == (False, "post", "Radweg")
    assert after["url"] == "https://a.test/"
    assert backend.call("PATCH", path, json={"url": None}).json()["url"] is None
    assert backend.call("PATCH", path, json={"open": None}).status_code == 422


def test_a_review_key_reads_and_closes_threads(backend: Backend) -> None:
    comment_id = approved(backend)
    key = make_key(backend.database, backend.rows.site_id, Scope.REVIEW)
    headers = {"Authorization": f"Bearer {key}"}
    shown = backend.call("GET", PATH, headers=headers).json()["items"]
    assert [item["id"] for item in shown] == [comment_id]
    path = "/v1/threads/artikel"
    for open_ in (False, True):
        answer = backend.call("PATCH", path, json={"open": open_}, headers=headers)
        assert answer.json()["open"] is open_
        assert backend.call("GET", path, headers=headers).json() == answer.json()
    refused = backend.call("PATCH", path, json={"open": False, "title": "Neu"}, headers=headers)
    assert refused.status_code == 403
    assert backend.call("PATCH", path, json={}, headers=headers).json()["open"] is True
