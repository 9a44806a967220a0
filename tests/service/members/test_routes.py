"""GET and PATCH of members: counts that cannot drift, and a status with an end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from service.domain.events import EventType
from service.domain.states import State
from service.http.callers import Scope
from service.tables import Event
from service.testing.backend import Backend, make_key
from service.testing.rows import frozen_clock

LENA = "/v1/members/lena"


def get(backend: Backend, path: str = LENA) -> dict[str, Any]:
    response = backend.call("GET", path)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def set_status(backend: Backend, status: str, **more: Any) -> dict[str, Any]:
    return change(backend, status=status, **more)


def change(backend: Backend, **changes: Any) -> dict[str, Any]:
    response = backend.call("PATCH", LENA, json=changes)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def in_seconds(moment: datetime, seconds: int) -> str:
    return (moment + timedelta(seconds=seconds)).isoformat()


def told(session: Session, backend: Backend) -> list[Event]:
    return list(
        session.exec(
            select(Event)
            .where(
                col(Event.site_id) == backend.rows.site_id,
                col(Event.type) == EventType.MEMBER_STATUS_CHANGED,
            )
            .order_by(col(Event.created_at))
        )
    )


def test_comments_are_counted_by_state(backend: Backend) -> None:
    backend.comment(member={"key": "lena", "name": "Lena"})
    for state in (State.APPROVED, State.APPROVED, State.FLAGGED):
        backend.judge(backend.comment()["id"], state)
    backend.decide(backend.comment()["id"], "rejected")
    backend.call("DELETE", f"/v1/comments/{backend.comment()['id']}")
    backend.comment(member={"key": "paul"})
    answer = get(backend)
    assert answer["comments"] == {
        "pending": 1,
        "approved": 2,
        "flagged": 1,
        "rejected": 1,
        "withdrawn": 1,
    }
    assert (answer["key"], answer["name"]) == ("lena", "Lena")
    assert (answer["status"], answer["reason"], answer["until"]) == ("active", None, None)
    assert answer["reports"] == {"made": 0, "upheld": 0}


def test_reports_count_as_upheld_while_their_rejection_stands(backend: Backend) -> None:
    ids = [backend.comment(member={"key": "paul"})["id"] for _ in range(3)]
    for comment_id in ids:
        backend.call(
            "POST",
            f"/v1/comments/{comment_id}/reports",
            json={"reporter": {"key": "lena"}, "reason": "spam"},
        )
    assert get(backend)["reports"] == {"made": 3, "upheld": 0}
    backend.decide(ids[0], "approved")
    backend.decide(ids[1], "rejected")
    rejection = backend.decide(ids[2], "rejected").json()["id"]
    assert get(backend)["reports"] == {"made": 3, "upheld": 2}
    undone = backend.call(
        "POST", f"/v1/decisions/{rejection}/undo", json={"moderator": {"key": "petra"}}
    )
    assert undone.status_code == 201, undone.text
    assert get(backend)["reports"] == {"made": 3, "upheld": 1}


def test_a_status_is_enforced_until_it_ends(backend: Backend) -> None:
    with frozen_clock() as clock:
        until = in_seconds(clock(), 60)
        answer = set_status(backend, "suspended", reason="  Drohung\r\n", until=until)
        assert (answer["status"], answer["reason"]) == ("suspended", "Drohung")
        assert datetime.fromisoformat(answer["until"]) == datetime.fromisoformat(until)
        assert get(backend) == answer
        refused = backend.post()
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:netiquette:problem:member-suspended"
        clock.advance(60)
        answer = get(backend)
        assert (answer["status"], answer["reason"], answer["until"]) == ("active", None, None)
        assert backend.post().status_code == 202


def test_a_status_without_an_end_stays_until_the_next(backend: Backend) -> None:
    set_status(backend, "banned", reason="Spam")
    assert backend.post().json()["type"] == "urn:netiquette:problem:member-banned"
    answer = set_status(backend, "premoderated", reason=None)
    assert (answer["status"], answer["reason"]) == ("premoderated", None)
    assert backend.post().status_code == 202
    assert set_status(backend, "active")["status"] == "active"


def test_what_is_left_out_stays(backend: Backend) -> None:
    with frozen_clock() as clock:
        until = in_seconds(clock(), 60)
        first = set_status(backend, "suspended", reason="Drohung", until=until)
        assert change(backend) == first
        assert change(backend, reason="Zwei Drohungen") == first | {"reason": "Zwei Drohungen"}
        assert change(backend, status="banned")["until"] == first["until"]
        later = change(backend, until=in_seconds(clock(), 120))
        assert (later["status"], later["reason"]) == ("banned", "Zwei Drohungen")
        for_good = change(backend, until=None, reason=None)
        assert (for_good["status"], for_good["until"], for_good["reason"]) == ("banned", None, None)


def test_nothing_of_an_ended_status_stays(backend: Backend) -> None:
    with frozen_clock() as clock:
        set_status(backend, "suspended", reason="Drohung", until=in_seconds(clock(), 60))
        clock.advance(60)
        after = change(backend, status="banned")
        assert (after["reason"], after["until"]) == (None, None)
        change(backend, reason="Spam", until=in_seconds(clock(), 60))
        after = change(backend, status="active")
        assert (after["status"], after["reason"], after["until"]) == ("active", None, None)
        refused = backend.call("PATCH", LENA, json={"until": in_seconds(clock(), 60)})
        assert refused.json()["errors"][0]["pointer"] == "/until"


def test_every_change_of_status_has_one_event_without_its_reason(backend: Backend) -> None:
    with frozen_clock() as clock:
        until = clock() + timedelta(days=7)
        suspension = {"until": until.isoformat(), "moderator": {"key": "petra", "name": "Petra"}}
        for reason in ("Drohung", "Drohung, zweimal"):
            set_status(backend, "suspended", reason=reason, **suspension)
        clock.advance(7 * 24 * 3600)
        set_status(backend, "active")
        set_status(backend, "banned")
    with backend.database.read() as session:
        events = told(session, backend)
    assert [event.facts for event in events] == [
        {
            "from_status": "active",
            "status": "suspended",
            "until": until.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "moderator": {"key": "petra"},
        },
        {"from_status": "active", "status": "banned", "until": None},
    ]
    assert {event.member_id for event in events} == {backend.rows.member_id}
    assert all(event.due_at == event.created_at for event in events)


def test_the_event_is_read_with_its_facts(backend: Backend) -> None:
    set_status(backend, "banned", reason="Geheim")
    (event,) = backend.call("GET", "/v1/events").json()["items"]
    assert event["type"] == "member.status_changed"
    assert event["data"] == {
        "version": 1,
        "member": {"key": "lena"},
        "from_status": "active",
        "status": "banned",
        "until": None,
        "moderator": None,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"status": None},
        {"status": "erased"},
        {"status": "banned", "until": 1800000000},
        {"status": "banned", "until": 1800000000.5},
        {"status": "banned", "until": "1800000000"},
        {"status": "banned", "until": "2999-11-03"},
        {"status": "banned", "until": True},
        {"status": "banned", "moderator": None},
        {"until": "2999-11-03T20:15:00Z"},
        {"status": "banned", "until": "2026-11-03T20:15:00"},
        {"status": "banned", "until": "2026-11-03T20:15:00Z"},
        {"status": "banned", "until": "9999-12-31T23:59:59-10:00"},
        {"status": "banned", "until": "0001-01-01T00:00:00+10:00"},
        {"status": "active", "until": "2999-11-03T20:15:00Z"},
        {"status": "banned", "reason": "\x00"},
        {"status": "banned", "reason": "\u0958" * 1500},
        {"status": "banned", "note": "…"},
        {"status": "banned", "moderator": {"key": "account:petra"}},
    ],
)
def test_what_is_no_status_is_refused(backend: Backend, changes: dict[str, Any]) -> None:
    response = backend.call("PATCH", LENA, json=changes)
    assert response.status_code == 422, response.text
    assert get(backend)["status"] == "active"


def test_the_end_must_lie_ahead(backend: Backend) -> None:
    with frozen_clock() as clock:
        response = backend.call(
            "PATCH", LENA, json={"status": "banned", "until": in_seconds(clock(), 0)}
        )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/until"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_and_foreign_members_are_not_there(
    backend: Backend, other_site: Backend, method: str
) -> None:
    other_site.comment(member={"key": "mara"})
    body = {"json": {"status": "banned"}} if method == "PATCH" else {}
    for key in ("mara", "nobody"):
        response = backend.call(method, f"/v1/members/{key}", **body)
        assert response.status_code == 404, response.text
    assert get(other_site, "/v1/members/mara")["status"] == "active"


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", LENA, {Scope.COMMENTS, Scope.REVIEW}),
        ("PATCH", LENA, {Scope.REVIEW, Scope.ADMIN}),
        ("GET", f"/v1/erasures/{UUID(int=7)}", {Scope.ADMIN}),
        ("DELETE", LENA, {Scope.ADMIN}),
    ],
)
def test_each_call_takes_its_scopes(
    backend: Backend, method: str, path: str, scopes: set[Scope]
) -> None:
    body = {"json": {"status": "active"}} if method == "PATCH" else {}
    for scope in Scope:
        key = make_key(backend.database, backend.rows.site_id, scope)
        response = backend.call(method, path, headers={"Authorization": f"Bearer {key}"}, **body)
        assert (response.status_code == 403) is (scope not in scopes), scope
