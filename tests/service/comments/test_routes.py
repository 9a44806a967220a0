"""The comment calls: accepted, read, edited, withdrawn."""

from typing import Any

import pytest

from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.tables import Member, Thread
from service.testing.backend import Backend, comment_in
from service.testing.rows import frozen_clock

# The same in each of the processes that share the tests among them.
UNKNOWN = "01a21360-592a-73b9-b635-9940a80b777c"


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:netiquette:problem:{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def pointers(response: Any) -> list[str]:
    return [error["pointer"] for error in problem(response, 422, "invalid")["errors"]]


def set_member(backend: Backend, status: MemberStatus, until: Any = None) -> None:
    with backend.database.write() as session:
        member = session.get_one(Member, backend.rows.member_id)
        member.status, member.status_until = status, until


def test_a_comment_is_accepted_as_pending(backend: Backend) -> None:
    response = backend.post(
        body=" Grüße\r\n👋 ",
        thread={"key": "a:1", "url": "https://zeitung.example/a", "title": "Artikel"},
        member={"key": "m@1", "name": "Lena"},
        external_id="ext-1",
        audience="members",
        language="de-AT",
    )
    assert response.status_code == 202
    answer = response.json()
    assert response.headers["location"] == f"/v1/comments/{answer['id']}"
    assert response.headers["x-request-id"]
    assert "preference-applied" not in response.headers
    created_at = answer.pop("created_at")
    assert created_at.endswith("Z")
    assert answer == {
        "id": answer["id"],
        "state": "pending",
        "revision": 1,
        "body": "Grüße\n👋",
        "edited_at": None,
        "thread": {"key": "a:1", "url": "https://zeitung.example/a", "title": "Artikel"},
        "member": {"key": "m@1", "name": "Lena"},
        "parent_id": None,
        "external_id": "ext-1",
        "audience": "members",
        "language": "de-AT",
        "assessment": None,
        "decision": None,
    }
    assert backend.read(answer["id"]) == {**answer, "created_at": created_at}


def test_names_are_kept_as_told_last(backend: Backend) -> None:
    first = backend.comment(thread={"key": "a", "title": "Alt"}, member={"key": "m", "name": "L"})
    backend.comment(thread={"key": "a", "title": "Neu"}, member={"key": "m"})
    now = backend.read(first["id"])
    assert (now["thread"]["title"], now["member"]["name"]) == ("Neu", "L")


def test_a_decided_comment_tells_why(backend: Backend) -> None:
    comment = backend.comment()
    backend.judge(comment["id"], State.FLAGGED, score=0.9)
    now = backend.read(comment["id"])
    assert now["state"] == "flagged"
    assert now["assessment"]["scores"] == {"toxicity": 0.9}
    assert now["decision"]["actor"] == "policy"
    assert now["decision"]["policy"] == 1
    assert now["decision"]["reasons"][0]["code"] == "over_threshold"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"body": ""}, "/body"),
        ({"body": "\u200b"}, "/body"),
        ({"body": "x" * 10_001}, "/body"),
        ({"body": "a\x00"}, "/body"),
        ({"body": 7}, "/body"),
        ({"body": None}, "/body"),
        ({"thread": {"key": "ä"}}, "/thread/key"),
        ({"thread": {"key": "a/b"}}, "/thread/key"),
        ({"thread": {"key": "x" * 201}}, "/thread/key"),
        ({"thread": {"key": "a\n"}}, "/thread/key"),
        ({"thread": {"key": "a", "url": "javascript:alert(1)"}}, "/thread/url"),
        ({"thread": {"key": "a", "url": "/relative"}}, "/thread/url"),
        ({"thread": {"key": "a", "title": "x" * 501}}, "/thread/title"),
        ({"thread": {"key": "a", "title": "\u0958" * 251}}, "/thread/title"),
        ({"thread": {}}, "/thread/key"),
        ({"member": {"key": ""}}, "/member/key"),
        ({"member": {"key": "m", "name": "x" * 201}}, "/member/name"),
        ({"member": {"key": "m", "name": "a\nb"}}, "/member/name"),
        ({"member": {"key": "m", "e-mail": "x"}}, "/member/e-mail"),
        ({"parent_id": "none"}, "/parent_id"),
        ({"parent_id": UNKNOWN}, "/parent_id"),
        ({"external_id": "  "}, "/external_id"),
        ({"external_id": "x" * 201}, "/external_id"),
        ({"audience": "alle"}, "/audience"),
        ({"language": "deutsch!"}, "/language"),
        ({"bdoy": "x"}, "/bdoy"),
        ({"a/b~c": "x"}, "/a~1b~0c"),
    ],
)
def test_what_is_not_acceptable_is_named(
    backend: Backend, changes: dict[str, Any], pointer: str
) -> None:
    assert pointers(backend.post(**changes)) == [pointer]


def test_several_mistakes_are_told_at_once_and_not_repeated(backend: Backend) -> None:
    response = backend.post(body="", thread={"key": "geheim!"}, member={})
    assert pointers(response) == ["/thread/key", "/member/key", "/body"]
    assert "geheim" not in response.text


def test_the_length_limit_counts_code_points(backend: Backend) -> None:
    assert len(backend.comment(body="👍" * 10_000)["body"]) == 10_000


def test_a_reply_belongs_to_the_same_thread(backend: Backend) -> None:
    parent = backend.comment()
    assert backend.comment(parent_id=parent["id"])["parent_id"] == parent["id"]
    elsewhere = backend.post(parent_id=parent["id"], thread={"key": "anderer"})
    assert pointers(elsewhere) == ["/parent_id"]


def test_a_closed_thread_takes_nothing(backend: Backend) -> None:
    comment = backend.comment()
    with backend.database.write() as session:
        session.get_one(Thread, backend.rows.thread_id).open = False
    problem(backend.post(), 403, "thread-closed")
    edit = backend.call("PATCH", f"/v1/comments/{comment['id']}", json={"body": "Anders"})
    problem(edit, 403, "thread-closed")
    withdrawn = backend.call("DELETE", f"/v1/comments/{comment['id']}")
    assert withdrawn.json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("status", "slug"),
    [(MemberStatus.SUSPENDED, "member-suspended"), (MemberStatus.BANNED, "member-banned")],
)
def test_a_member_who_may_not_write(backend: Backend, status: MemberStatus, slug: str) -> None:
    with frozen_clock() as clock:
        comment = backend.comment()
        until = clock()
        clock.advance(-3600)
        set_member(backend, status, until)
        problem(backend.post(), 403, slug)
        edit = backend.call("PATCH", f"/v1/comments/{comment['id']}", json={"body": "Anders"})
        problem(edit, 403, slug)
        clock.advance(3600)
        backend.comment()


def test_a_premoderated_member_may_write(backend: Backend) -> None:
    set_member(backend, MemberStatus.PREMODERATED)
    backend.comment()


@pytest.mark.parametrize("comment_id", ["x", UNKNOWN, "%00", "batch", "..%2f..", "%F0%9F"])
@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("DELETE", ""), ("GET", "/history"), ("PATCH", "")]
)
def test_unknown_ids(backend: Backend, comment_id: str, method: str, suffix: str) -> None:
    body = {"json": {"body": "x"}} if method == "PATCH" else {}
    problem(backend.call(method, f"/v1/comments/{comment_id}{suffix}", **body), 404, "not-found")


def test_an_edit_adds_a_revision(backend: Backend) -> None:
    comment = backend.comment(body="eins")
    backend.judge(comment["id"], State.APPROVED)
    path = f"/v1/comments/{comment['id']}"
    edited = backend.call("PATCH", path, json={"body": " zwei "})
    assert edited.status_code == 200
    answer = edited.json()
    assert (answer["state"], answer["revision"], answer["body"]) == ("pending", 2, "zwei")
    assert answer["edited_at"]
    assert answer["assessment"] is None
    assert answer["decision"] is None
    assert backend.call("PATCH", path, json={"body": "zwei"}).json() == answer


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_what_cannot_be_edited(backend: Backend, state: str) -> None:
    comment = backend.comment()
    path = f"/v1/comments/{comment['id']}"
    if state == "rejected":
        backend.decide(comment["id"], "rejected")
    else:
        backend.call("DELETE", path)
    problem(backend.call("PATCH", path, json={"body": "Anders"}), 409, "illegal-transition")
    assert backend.read(comment["id"])["revision"] == 1


def test_edits_are_checked_like_comments(backend: Backend) -> None:
    path = f"/v1/comments/{backend.comment()['id']}"
    assert pointers(backend.call("PATCH", path, json={"body": " "})) == ["/body"]
    assert pointers(backend.call("PATCH", path, json={})) == ["/body"]
    assert pointers(backend.call("PATCH", path, json={"body": "x", "state": "approved"})) == [
        "/state"
    ]


def test_withdrawing_twice_is_withdrawing_once(backend: Backend) -> None:
    comment = backend.comment()
    path = f"/v1/comments/{comment['id']}"
    first = backend.call("DELETE", path)
    assert first.status_code == 200
    assert first.json()["state"] == "withdrawn"
    assert backend.call("DELETE", path).json() == first.json()
    kinds = [item["kind"] for item in backend.call("GET", path + "/history").json()["items"]]
    assert kinds == ["revision", "decision"]


def test_history_is_in_order_and_pages_without_gaps(backend: Backend) -> None:
    comment = backend.comment(body="eins")
    backend.judge(comment["id"], State.FLAGGED)
    path = f"/v1/comments/{comment['id']}"
    backend.call("PATCH", path, json={"body": "zwei"})
    backend.judge(comment["id"], State.FLAGGED)
    backend.decide(comment["id"], "approved", revision=2)
    backend.call("DELETE", path)
    whole = backend.call("GET", f"{path}/history").json()
    assert whole["next"] is None
    assert [(item["kind"], item["revision"], item.get("state")) for item in whole["items"]] == [
        ("revision", 1, None),
        ("assessment", 1, None),
        ("decision", 1, "flagged"),
        ("revision", 2, None),
        ("decision", 2, "pending"),
        ("assessment", 2, None),
        ("decision", 2, "flagged"),
        ("decision", 2, "approved"),
        ("decision", 2, "withdrawn"),
    ]
    paged, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = backend.call("GET", f"{path}/history", params=query).json()
        paged += page["items"]
        after = page["next"]
        if after is None:
            break
    assert paged == whole["items"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("limit=0", "/query/limit"), ("limit=201", "/query/limit"), ("after=x", "/query/after")],
)
def test_history_refuses_bad_pages(backend: Backend, query: str, pointer: str) -> None:
    path = f"/v1/comments/{backend.comment()['id']}/history?{query}"
    assert pointers(backend.call("GET", path)) == [pointer]


def test_a_known_external_id_answers_with_the_comment_as_it_is_now(backend: Backend) -> None:
    first = backend.comment(external_id="e")
    backend.judge(first["id"], State.APPROVED)
    again = backend.post(external_id="e")
    assert again.status_code == 200
    assert again.json() == backend.read(first["id"])
    assert again.headers["location"] == f"/v1/comments/{first['id']}"


def test_a_known_external_id_matches_an_earlier_text(backend: Backend) -> None:
    first = backend.comment(external_id="e", body="eins")
    backend.call("PATCH", f"/v1/comments/{first['id']}", json={"body": "zwei"})
    assert backend.post(external_id="e", body="eins").json()["body"] == "zwei"


def test_a_known_external_id_is_answered_though_the_thread_is_closed(backend: Backend) -> None:
    first = backend.comment(external_id="e")
    backend.call("PATCH", "/v1/threads/artikel", json={"open": False})
    assert backend.post(external_id="e").json()["id"] == first["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "anders"},
        {"thread": {"key": "anderer"}},
        {"member": {"key": "paul"}},
        {"audience": "members"},
        {"parent_id": "PARENT"},
    ],
)
def test_an_external_id_of_a_different_comment(backend: Backend, changes: dict[str, Any]) -> None:
    parent = backend.comment()
    first = backend.comment(external_id="e")
    if "parent_id" in changes:
        changes = {"parent_id": parent["id"]}
    told = problem(backend.post(external_id="e", **changes), 409, "external-id-taken")
    assert told["id"] == first["id"]


def test_no_content_type_is_explained(backend: Backend) -> None:
    response = backend.call("POST", "/v1/comments", content=b'{"body": "x"}')
    assert "application/json" in problem(response, 422, "invalid")["detail"]


def test_an_array_is_no_comment(backend: Backend) -> None:
    assert pointers(backend.call("POST", "/v1/comments", json=[comment_in()])) == [""]
