"""GET /v1/events: in order, complete, without texts, and worth waiting for."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from service import clock
from service.domain.events import EventType
from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.events.outbox import UNDO_WINDOW
from service.events.positions import Position, find_positions_with_news
from service.http.callers import Scope
from service.http.context import Context
from service.tables import Decision, Event
from service.testing.backend import Backend, make_key
from service.testing.rows import frozen_clock
from tests.service.conftest import Waits
from tests.support.stack import wait_until
from workers.erasing import carry_out_erasures
from workers.retention import delete_events

MARKER = "Geheimwort"
PATIENCE = 20
"""Seconds for what must come soon."""


def read(backend: Backend, after: int = 0, **query: Any) -> dict[str, Any]:
    response = backend.call("GET", "/v1/events", params={"after": after} | query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def problem(backend: Backend, **query: Any) -> tuple[int, str]:
    response = backend.call("GET", "/v1/events", params=query)
    return response.status_code, response.json()["type"].rpartition(":")[2]


def decided(backend: Backend, count: int, **changes: Any) -> list[str]:
    """Post comments that the policy approves; return their ids."""
    ids = [backend.comment(**changes)["id"] for _ in range(count)]
    for comment_id in ids:
        backend.judge(comment_id, State.APPROVED)
    return ids


def told(page: dict[str, Any]) -> list[tuple[int, str]]:
    return [(item["sequence"], item["type"]) for item in page["items"]]


def decision_id(backend: Backend, comment_id: str, target: State) -> str:
    with backend.database.read() as session:
        found = select(Decision.id).where(
            col(Decision.comment_id) == UUID(comment_id), col(Decision.to_state) == target
        )
        return str(session.exec(found).one())


def hold(backend: Backend, seconds: float) -> None:
    """Add an event that is due so many seconds from now."""
    with backend.database.write() as session:
        session.add(
            Event(
                site_id=backend.rows.site_id,
                type=EventType.MEMBER_STATUS_CHANGED,
                member_id=backend.rows.member_id,
                facts={
                    "from_status": MemberStatus.ACTIVE,
                    "status": MemberStatus.BANNED,
                    "until": None,
                },
                due_at=clock.now() + timedelta(seconds=seconds),
            )
        )


def test_a_site_without_events(backend: Backend) -> None:
    assert read(backend) == {"items": [], "next": 0}


def test_a_policys_decision(backend: Backend) -> None:
    comment = backend.comment(external_id="c-1", member={"key": "lena", "name": MARKER})
    backend.judge(comment["id"], State.FLAGGED, score=0.9)
    page = read(backend)
    (item,) = page["items"]
    with backend.database.read() as session:
        event = session.exec(select(Event).where(Event.comment_id == UUID(comment["id"]))).one()
    assert item == {
        "sequence": 1,
        "id": str(event.id),
        "type": "comment.flagged",
        "timestamp": event.created_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "data": {
            "version": 1,
            "comment": {
                "id": comment["id"],
                "external_id": "c-1",
                "thread": {"key": "artikel"},
                "member": {"key": "lena"},
                "revision": 1,
                "state": "flagged",
            },
            "decision": {
                "id": decision_id(backend, comment["id"], State.FLAGGED),
                "from_state": "pending",
                "state": "flagged",
                "actor": "policy",
                "policy": 1,
                "moderator": None,
                "reasons": [
                    {
                        "code": "over_threshold",
                        "attribute": "toxicity",
                        "score": 0.9,
                        "threshold": None,
                    }
                ],
                "undoes": None,
            },
        },
    }
    assert page["next"] == 1


def test_a_moderators_decision_and_its_undo(backend: Backend) -> None:
    with frozen_clock() as frozen:
        (comment,) = decided(backend, 1)
        made = backend.decide(comment, "rejected", reason="insult", note=MARKER).json()
        frozen.advance(1)
        read(backend)
        undo = {"moderator": {"key": "petra"}}
        undone = backend.call("POST", f"/v1/decisions/{made['id']}/undo", json=undo)
        assert undone.status_code == 201, undone.text
        frozen.advance(1)
        page = read(backend)
    assert told(page) == [
        (1, "comment.approved"),
        (2, "comment.rejected"),
        (3, "decision.reverted"),
    ]
    first, second, third = (item["data"] for item in page["items"])
    assert [data["comment"]["state"] for data in (first, second, third)] == [
        "approved",
        "rejected",
        "approved",
    ]
    assert second["decision"]["moderator"] == {"key": "petra"}
    assert [reason["code"] for reason in second["decision"]["reasons"]] == ["insult"]
    assert third["decision"]["undoes"] == second["decision"]["id"] == made["id"]


def test_a_held_decision_is_told_after_the_undo_window(backend: Backend) -> None:
    with frozen_clock() as frozen:
        comment = backend.comment()["id"]
        backend.judge(comment, State.FLAGGED)
        frozen.advance(1)
        backend.decide(comment, "approved")
        assert told(read(backend)) == [(1, "comment.flagged")]
        frozen.advance(UNDO_WINDOW.total_seconds())
        assert told(read(backend, 1)) == [(2, "comment.approved")]


def test_reports(backend: Backend) -> None:
    decided(backend, 1, member={"key": "jonas"})
    (comment,) = decided(backend, 1)
    for reporter in ({"key": "jonas"}, None):
        report = {"reporter": reporter, "reason": "spam", "note": MARKER}
        assert backend.call("POST", f"/v1/comments/{comment}/reports", json=report).is_success
    backend.decide(comment, "rejected")
    page = read(backend)
    assert [item["type"] for item in page["items"]] == [
        "comment.approved",
        "comment.approved",
        "report.received",
        "report.received",
        "comment.rejected",
        "report.resolved",
        "report.resolved",
    ]
    received, anonymous, _, resolved, _ = (item["data"] for item in page["items"][2:])
    assert set(received) == {"version", "comment", "report"}
    assert received["report"] == resolved["report"]
    assert received["report"]["reason"] == "spam"
    assert received["report"]["reporter"] == {"key": "jonas"}
    assert anonymous["report"]["reporter"] is None
    assert resolved["comment"]["state"] == "rejected"


def test_members(backend: Backend) -> None:
    until = "2999-01-01T00:00:00.000000Z"
    change = {
        "status": "suspended",
        "reason": MARKER,
        "until": until,
        "moderator": {"key": "petra", "name": MARKER},
    }
    assert backend.call("PATCH", "/v1/members/lena", json=change).is_success
    receipt = backend.call("DELETE", "/v1/members/lena").json()["id"]
    carry_out_erasures(backend.database)
    changed, erased = read(backend)["items"]
    random_key = changed["data"]["member"]["key"]
    assert changed["data"] == {
        "version": 1,
        "member": {"key": random_key},
        "from_status": "active",
        "status": "suspended",
        "until": until,
        "moderator": {"key": "petra"},
    }
    assert erased["data"] == {"version": 1, "member": {"key": random_key}, "receipt": receipt}
    assert random_key.startswith("erased-")


def test_neither_text_nor_name_is_told(backend: Backend) -> None:
    comment = backend.comment(
        body=MARKER,
        member={"key": "lena", "name": MARKER},
        thread={"key": "artikel", "title": MARKER},
    )["id"]
    backend.judge(comment, State.APPROVED)
    moderator = {"key": "petra", "name": MARKER}
    backend.decide(comment, "rejected", note=MARKER, moderator=moderator)
    with backend.database.write() as session:
        made = session.exec(
            select(Decision).where(
                Decision.comment_id == UUID(comment), Decision.to_state == State.REJECTED
            )
        ).one()
        made.reasons = [{"code": "blocked_word", "evidence": MARKER}]
    response = backend.call("GET", "/v1/events")
    assert len(response.json()["items"]) == 2
    assert MARKER not in response.text


def test_who_was_down_for_a_day_reads_everything_once(backend: Backend) -> None:
    with frozen_clock() as frozen:
        comments = decided(backend, 11)
        frozen.advance(86_400)
        items: list[dict[str, Any]] = []
        sizes: list[int] = []
        after = 0
        while (page := read(backend, after, limit=4))["items"]:
            items += page["items"]
            sizes.append(len(page["items"]))
            after = page["next"]
    assert (sizes, after) == ([4, 4, 3], 11)
    assert [item["sequence"] for item in items] == list(range(1, 12))
    assert [item["data"]["comment"]["id"] for item in items] == comments
    assert read(backend, 11) == {"items": [], "next": 11}


def test_read_again_an_event_is_the_same(backend: Backend) -> None:
    (comment,) = decided(backend, 1)
    first = read(backend)["items"][0]
    backend.call("PATCH", f"/v1/comments/{comment}", json={"body": "Anders."})
    backend.judge(comment, State.FLAGGED)
    assert read(backend)["items"][0] == first


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**63), str(10**40), "1"])
def test_positions_that_nobody_was_given(backend: Backend, after: str) -> None:
    assert problem(backend, after=after) == (422, "invalid")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"before": 1}])
def test_other_queries_that_are_refused(backend: Backend, query: dict[str, int]) -> None:
    assert problem(backend, **query) == (422, "invalid")


@pytest.mark.parametrize(
    ("scope", "status"),
    [(Scope.COMMENTS, 200), (Scope.REVIEW, 200), (Scope.ADMIN, 200), (Scope.ANALYZE, 403)],
)
def test_scopes(backend: Backend, scope: Scope, status: int) -> None:
    token = make_key(backend.database, backend.rows.site_id, scope)
    headers = {"Authorization": f"Bearer {token}"}
    assert backend.call("GET", "/v1/events", headers=headers).status_code == status


def test_sites_are_sealed_off(backend: Backend, other_site: Backend) -> None:
    decided(backend, 2)
    (comment,) = decided(other_site, 1)
    read(backend)
    page = read(other_site)
    assert told(page) == [(1, "comment.approved")]
    assert page["items"][0]["data"]["comment"]["id"] == comment
    assert problem(other_site, after=2) == (422, "invalid")


def delete_old(backend: Backend, before: datetime) -> None:
    """Let the retention delete what is old, in as many sweeps as that takes."""
    sites = [backend.rows.site_id]
    for _ in range(5):
        delete_events(backend.database, sites, before)


def test_what_was_deleted_is_gone_and_its_numbers_with_it(backend: Backend) -> None:
    month = timedelta(days=30)
    with frozen_clock() as frozen:
        decided(backend, 3)
        read(backend)
        frozen.advance(month.total_seconds() / 2)
        decided(backend, 1)
        read(backend)
        delete_old(backend, clock.now() - month)
        assert len(read(backend)["items"]) == 4
        frozen.advance(month.total_seconds() / 2 + 1)
        delete_old(backend, clock.now() - month)
        response = backend.call("GET", "/v1/events", params={"after": 2})
        assert response.status_code == 410
        assert response.json()["type"].endswith(":gone")
        assert response.json()["oldest"] == 4
        assert told(read(backend, 3)) == [(4, "comment.approved")]
        frozen.advance(month.total_seconds())
        delete_old(backend, clock.now() - month)
        assert read(backend, 4) == {"items": [], "next": 4}
        decided(backend, 1)
        assert told(read(backend, 4)) == [(5, "comment.approved")]


def waiting(backend: Backend, after: int, seconds: int) -> tuple[dict[str, Any], str | None]:
    """Wait for events; return the page, and the preference that was applied."""
    response = backend.call(
        "GET", "/v1/events", params={"after": after}, headers={"Prefer": f"wait={seconds}"}
    )
    page: dict[str, Any] = response.json()
    return page, response.headers.get("Preference-Applied")


@pytest.fixture
def looks(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many of the site's readers waited, for each look for news."""
    looks: list[int] = []
    context: Context = backend.client.app.state.context  # type: ignore[attr-defined]  # a FastAPI
    waiters = context.event_waiters

    def find(positions: list[Position]) -> Iterable[Position]:
        looks.append(len(waiters._futures.get((backend.rows.site_id, 0), ())))
        return find_positions_with_news(backend.database, positions)

    monkeypatch.setattr(waiters, "_find", find)
    return looks


def test_a_waiting_reader_gets_what_happens_meanwhile(
    backend: Backend, waits: Waits, looks: list[int]
) -> None:
    comment = backend.comment()["id"]
    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(waiting, backend, 0, 10) for _ in range(3)]
        wait_until(lambda: looks[-1:] == [3])
        assert not any(reader.done() for reader in readers)
        backend.judge(comment, State.APPROVED)
        for reader in readers:
            page, applied = reader.result(PATIENCE)
            assert told(page) == [(1, "comment.approved")]
            assert applied == "wait=10"
    assert waits.asked == [10] * 3


def test_a_waiting_reader_gets_what_becomes_due_meanwhile(
    backend: Backend, waits: Waits, looks: list[int]
) -> None:
    with frozen_clock() as frozen, ThreadPoolExecutor() as pool:
        hold(backend, 0.4)
        reader = pool.submit(waiting, backend, 0, 10)
        frozen.advance(0.399)
        wait_until(lambda: len(looks) >= 3)
        assert not reader.done()
        frozen.advance(0.001)
        page, _ = reader.result(PATIENCE)
    assert told(page) == [(1, "member.status_changed")]


def test_nobody_waits_where_there_is_something(backend: Backend, waits: Waits) -> None:
    decided(backend, 1)
    page, applied = waiting(backend, 0, 10)
    assert (len(page["items"]), applied, waits.asked) == (1, None, [])


def test_in_vain(backend: Backend, waits: Waits) -> None:
    waits.stretch = 0
    decided(backend, 1)
    read(backend)
    page, applied = waiting(backend, 1, 7)
    assert (page, applied) == ({"items": [], "next": 1}, "wait=7")
    assert waits.asked == [7]
