from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from service.domain.vocabulary import MemberStatus
from service.tables import Member, Thread
from service.testing.backend import Backend, comment_in


def post(backend: Backend, *items: Any) -> Any:
    return backend.call("POST", "/v1/comments/batch", json={"comments": list(items)})


def accepted(backend: Backend, *items: Any) -> list[dict[str, Any]]:
    response = post(backend, *items)
    assert response.status_code == 202, response.text
    outcomes: list[dict[str, Any]] = response.json()["items"]
    assert len(outcomes) == len(items)
    return outcomes


def slug(outcome: dict[str, Any]) -> str:
    return str(outcome["error"]["type"]).rpartition(":")[2]


def test_bad_items_spoil_nothing_and_the_order_is_kept(backend: Backend) -> None:
    outcomes = accepted(
        backend,
        comment_in(body="eins"),
        comment_in(body=""),
        comment_in(body="zwei", parent_id="0" * 32),
        None,
        [1],
        float("1e300"),
        comment_in(body="drei", external_id="e", thread={"key": "neu"}),
    )
    assert [outcome.get("body") for outcome in outcomes] == ["eins", *[None] * 5, "drei"]
    assert [slug(outcome) for outcome in outcomes[1:-1]] == ["invalid"] * 5
    assert outcomes[1]["error"]["errors"][0]["pointer"] == "/body"
    assert outcomes[2]["error"]["errors"][0]["pointer"] == "/parent_id"
    for outcome in (outcomes[0], outcomes[-1]):
        assert outcome == backend.read(outcome["id"])


def test_what_is_refused_leaves_nothing_behind(backend: Backend) -> None:
    known = backend.comment(external_id="e")
    elsewhere = backend.comment(thread={"key": "anderswo"})
    backend.call("PATCH", "/v1/threads/anderswo", json={"open": False})
    with backend.database.write() as session:
        session.add(Member(site_id=backend.rows.site_id, key="b", status=MemberStatus.BANNED))
    new = {"thread": {"key": "neu"}, "member": {"key": "neu"}}
    outcomes = accepted(
        backend,
        comment_in(**new, parent_id=elsewhere["id"]),
        comment_in(**new, external_id="e"),
        comment_in(thread={"key": "anderswo"}, member=new["member"]),
        comment_in(thread=new["thread"], member={"key": "b"}),
        comment_in(parent_id=known["id"], member={"key": "gut"}),
    )
    assert [slug(outcome) for outcome in outcomes[:-1]] == [
        *("invalid", "external-id-taken", "thread-closed", "member-banned")
    ]
    with backend.database.read() as session:
        here = {row: col(row.site_id) == backend.rows.site_id for row in (Thread, Member)}
        keys = {
            key for row, where in here.items() for key in session.exec(select(row.key).where(where))
        }
    assert keys == {"artikel", "anderswo", "lena", "b", "gut"}


def test_500_are_fine_and_501_are_not(backend: Backend) -> None:
    items = [comment_in(body=f"Nr. {n}", member={"key": f"m{n % 7}"}) for n in range(500)]
    outcomes = accepted(backend, *items)
    assert [outcome["body"] for outcome in outcomes] == [item["body"] for item in items]
    assert len({outcome["id"] for outcome in outcomes}) == 500
    assert [outcome["id"] for outcome in outcomes] == sorted(outcome["id"] for outcome in outcomes)
    response = post(backend, *items, comment_in())
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/comments"


def test_an_empty_batch_is_refused(backend: Backend) -> None:
    assert post(backend).status_code == 422


def test_a_batch_sent_again_adds_nothing(backend: Backend) -> None:
    items = [comment_in(external_id=f"e{n}", body=f"Nr. {n}") for n in range(3)]
    first = accepted(backend, *items)
    assert accepted(backend, *items) == first


def test_duplicates_inside_one_batch(backend: Backend) -> None:
    first, same, other = accepted(
        backend,
        comment_in(external_id="e"),
        comment_in(external_id="e"),
        comment_in(external_id="e", body="anders"),
    )
    assert same == first
    assert slug(other) == "external-id-taken"
    assert other["error"]["id"] == first["id"]


def test_each_item_is_judged_by_its_own_member_and_thread(backend: Backend) -> None:
    backend.comment(thread={"key": "zu"})
    backend.call("PATCH", "/v1/threads/zu", json={"open": False})
    with backend.database.write() as session:
        session.get_one(Member, backend.rows.member_id).status = MemberStatus.BANNED
    banned, closed, fine = accepted(
        backend,
        comment_in(),
        comment_in(member={"key": "paul"}, thread={"key": "zu"}),
        comment_in(member={"key": "paul"}),
    )
    assert slug(banned) == "member-banned"
    assert slug(closed) == "thread-closed"
    assert fine["state"] == "pending"


@pytest.mark.parametrize("body", [{}, {"comments": "x"}, {"comments": [], "x": 1}, []])
def test_no_batch_at_all(backend: Backend, body: Any) -> None:
    response = backend.call("POST", "/v1/comments/batch", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_titles_and_names_are_written_in_one_order(backend: Backend) -> None:
    threads = [f"artikel-{number}" for number in range(6)]
    members = [f"leser-{number}" for number in range(6)]
    pairs = list(zip(threads, members, strict=True))
    known = backend.comment(external_id="bekannt", thread={"key": "anderswo"})
    first = [comment_in(thread={"key": key}, member={"key": name}) for key, name in pairs]
    backend.call("POST", "/v1/comments/batch", json={"comments": first})
    updated: dict[str, list[Any]] = {"thread": [], "member": []}

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        for table, ids in updated.items():
            if statement.startswith(f"UPDATE {table} "):
                rows = given if isinstance(given, list) else [given]
                ids += [row[-1] if isinstance(row, tuple) else row[f"{table}_id"] for row in rows]

    again = [
        comment_in(thread={"key": key, "title": f"{key} neu"}, member={"key": name, "name": name})
        for key, name in reversed(pairs)
    ]
    known_again = comment_in(external_id="bekannt", thread={"key": "anderswo"})
    event.listen(backend.database.engine, "before_cursor_execute", note)
    try:
        batch = {"comments": [*again[:3], known_again, *again[3:]]}
        items = backend.call("POST", "/v1/comments/batch", json=batch).json()["items"]
    finally:
        event.remove(backend.database.engine, "before_cursor_execute", note)
    assert items[3]["id"] == known["id"]
    assert items[0]["thread"]["title"] == f"{threads[-1]} neu"
    for ids in updated.values():
        assert len(ids) == 6
        assert ids == sorted(ids)
