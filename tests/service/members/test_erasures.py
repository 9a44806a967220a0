"""Erasing members: what goes at once, what follows, and what stays (invariant 11)."""

import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select

from service.db import Database
from service.domain.states import State
from service.http.rate_limiter import RateLimiter
from service.tables import Comment, Erasure, Label, Member, Revision
from service.testing.backend import Backend
from service.testing.rows import SiteRows, add_comments
from workers import erasing as blanking
from workers.erasing import carry_out_erasures

LENA = "/v1/members/lena"


def erase(backend: Backend, path: str = LENA) -> dict[str, Any]:
    response = backend.call("DELETE", path)
    assert response.status_code == 202, response.text
    receipt: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/v1/erasures/{receipt['id']}"
    return receipt


def receipt_of(backend: Backend, erasure_id: str) -> dict[str, Any]:
    response = backend.call("GET", f"/v1/erasures/{erasure_id}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def events(backend: Backend) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = backend.call("GET", "/v1/events").json()["items"]
    return items


BATCH = 4


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blanking, "BATCH", BATCH)
    monkeypatch.setattr(blanking, "PAUSE", 0)


def test_the_member_is_gone_at_once_and_the_rest_is_pending(backend: Backend) -> None:
    comment = backend.comment(member={"key": "lena", "name": "Lena"})
    receipt = erase(backend)
    assert (receipt["state"], receipt["completed_at"], receipt["comments"]) == ("pending", None, 0)
    assert receipt_of(backend, receipt["id"]) == receipt
    for method in ("GET", "DELETE"):
        assert backend.call(method, LENA).status_code == 404
    member = backend.read(comment["id"])["member"]
    assert member["name"] is None
    assert "lena" not in member["key"]


def test_what_was_the_member_takes_nothing_more(backend: Backend) -> None:
    comment = backend.comment()
    erase(backend)
    key = backend.read(comment["id"])["member"]["key"]
    assert backend.post(member={"key": key}).json()["type"].endswith("member-banned")
    edit = backend.call("PATCH", f"/v1/comments/{comment['id']}", json={"body": "Doch!"})
    assert edit.status_code == 403
    path = f"/v1/members/{key}"
    assert backend.call("GET", path).status_code == 404
    assert backend.call("DELETE", path).status_code == 404
    assert backend.call("PATCH", path, json={"status": "active"}).status_code == 404
    other = backend.comment(member={"key": "paul"})
    report = backend.call(
        "POST",
        f"/v1/comments/{other['id']}/reports",
        json={"reporter": {"key": key}, "reason": "spam", "note": "Spam"},
    )
    assert report.json()["reporter"] is None


def test_the_same_key_makes_a_new_member(backend: Backend) -> None:
    backend.comment()
    backend.comment()
    erase(backend)
    backend.comment()
    carry_out_erasures(backend.database)
    answer = backend.call("GET", LENA).json()
    assert answer["status"] == "active"
    assert sum(answer["comments"].values()) == 1
    erase(backend)


def test_comments_of_every_state_are_withdrawn_and_blank(backend: Backend) -> None:
    ids = [backend.comment()["id"]]
    for state in (State.APPROVED, State.FLAGGED):
        ids.append(backend.comment()["id"])
        backend.judge(ids[-1], state)
    ids.append(backend.comment(external_id="4711")["id"])
    backend.decide(ids[-1], "rejected", note="Siehe Akte")
    ids.append(backend.comment()["id"])
    backend.call("DELETE", f"/v1/comments/{ids[-1]}")
    kept = backend.comment(member={"key": "paul"}, parent_id=ids[1], external_id="4712")
    receipt = erase(backend)
    carry_out_erasures(backend.database)
    for comment_id in ids:
        comment = backend.read(comment_id)
        assert (comment["state"], comment["body"]) == ("withdrawn", "")
        assert comment["external_id"] is None
    erased, withdrawn = backend.read(ids[0])["decision"], backend.read(ids[-1])["decision"]
    assert (erased["actor"], erased["reasons"][0]["code"]) == ("system", "member_erased")
    assert withdrawn["actor"] == "author"
    assert backend.read(kept["id"]) == kept
    done = receipt_of(backend, receipt["id"])
    assert (done["state"], done["comments"]) == ("completed", 5)
    assert done["completed_at"] >= done["requested_at"]


def test_decisions_stay_without_notes_and_evidence(backend: Backend) -> None:
    comment_id = backend.comment()["id"]
    backend.judge(comment_id, State.FLAGGED, score=0.7)
    backend.decide(comment_id, "rejected", reason="insult", note="Beleidigt Frau M.")
    erase(backend)
    carry_out_erasures(backend.database)
    items = backend.call("GET", f"/v1/comments/{comment_id}/history").json()["items"]
    decisions = [item for item in items if item["kind"] == "decision"]
    assert [(item["actor"], item["state"]) for item in decisions] == [
        ("policy", "flagged"),
        ("moderator", "rejected"),
        ("system", "withdrawn"),
    ]
    assert decisions[0]["reasons"][0]["score"] == 0.7
    assert decisions[1]["reasons"][0]["code"] == "insult"
    assert decisions[1]["moderator"]["key"] == "petra"
    assert {item["note"] for item in decisions} == {None}


def test_the_events_name_nobody(backend: Backend) -> None:
    comment_id = backend.comment()["id"]
    backend.judge(comment_id, State.APPROVED)
    receipt = erase(backend)
    carry_out_erasures(backend.database)
    told = events(backend)
    assert [event["type"] for event in told] == [
        "comment.approved",
        "comment.withdrawn",
        "member.erased",
    ]
    assert told[-1]["data"]["receipt"] == receipt["id"]
    assert told[-1]["data"]["member"] == told[0]["data"]["comment"]["member"]
    assert "lena" not in repr(told)


def test_a_member_without_comments_is_erased(backend: Backend) -> None:
    receipt = erase(backend)
    carry_out_erasures(backend.database)
    assert receipt_of(backend, receipt["id"])["state"] == "completed"
    assert [event["type"] for event in events(backend)] == ["member.erased"]


def test_an_idempotency_key_no_longer_gives_the_answer(backend: Backend) -> None:
    first = backend.post({"Idempotency-Key": "k"})
    kept = backend.post({"Idempotency-Key": "other"}, member={"key": "paul"})
    erase(backend)
    carry_out_erasures(backend.database)
    assert backend.post({"Idempotency-Key": "k"}).json()["id"] != first.json()["id"]
    again = backend.post({"Idempotency-Key": "other"}, member={"key": "paul"})
    assert again.json()["id"] == kept.json()["id"]


def test_labels_of_the_member_s_texts_are_gone(backend: Backend, other_site: Backend) -> None:
    backend.comment(member={"key": "lena"}, body="Schöne Grüße!\n\nDas sehe ich anders.")
    html = "<p>Schöne Grüße!</p><p>Das sehe ich <b>anders</b>.</p>"
    for site in (backend, other_site):
        suggest(site, html, "HTML")
        suggest(site, "Jemand anderes.", "PLAIN_TEXT")
    erase(backend)
    carry_out_erasures(backend.database)
    assert labels(backend) == ["Jemand anderes."]
    assert labels(other_site) == ["Jemand anderes.", "Schöne Grüße!\nDas sehe ich anders."]


def suggest(backend: Backend, text: str, kind: str) -> None:
    document = {
        "comment": {"text": text, "type": kind},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.2}}},
    }
    path = "/v1alpha1/comments:suggestscore"
    response = backend.call("POST", path, params={"key": backend.token}, json=document)
    assert response.status_code == 200, response.text


def labels(backend: Backend) -> list[str]:
    with backend.database.read() as session:
        mine = select(Label.body).where(Label.site_id == backend.rows.site_id)
        return sorted(session.exec(mine))


def test_other_sites_are_left_alone(backend: Backend, other_site: Backend) -> None:
    foreign = other_site.comment()
    receipt = erase(backend)
    carry_out_erasures(backend.database)
    assert other_site.read(foreign["id"]) == foreign
    path = f"/v1/erasures/{receipt['id']}"
    assert other_site.call("GET", path).status_code == 404
    assert backend.call("GET", "/v1/erasures/x").status_code == 404


def _left(database: Database, rows: SiteRows) -> int:
    """Count the member's texts that are still there."""
    with database.read() as session:
        return session.exec(
            select(func.count()).where(
                col(Revision.site_id) == rows.site_id, col(Revision.body) != ""
            )
        ).one()


def test_many_comments_go_batch_by_batch_and_a_crash_costs_no_more(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 2 * BATCH + 1
    add_comments(backend.database, backend.rows, *[f"Beitrag {n}" for n in range(count)])
    receipt = erase(backend)
    batches: list[list[UUID]] = []

    def crash(session: Session, site_id: UUID, ids: list[UUID]) -> None:
        if site_id == backend.rows.site_id:
            if batches:
                raise OperationalError("", None, Exception())
            batches.append(ids)
        blank(session, site_id, ids)

    blank = blanking._blank_records
    monkeypatch.setattr(blanking, "_blank_records", crash)
    carry_out_erasures(backend.database)
    assert _left(backend.database, backend.rows) == count - BATCH
    half = receipt_of(backend, receipt["id"])
    assert (half["state"], half["comments"]) == ("pending", BATCH)
    monkeypatch.setattr(blanking, "_blank_records", blank)
    carry_out_erasures(backend.database)
    assert _left(backend.database, backend.rows) == 0
    done = receipt_of(backend, receipt["id"])
    assert (done["state"], done["comments"]) == ("completed", count)
    told = [event["type"] for event in backend.call("GET", "/v1/events?limit=200").json()["items"]]
    assert told == ["comment.withdrawn"] * count + ["member.erased"]


def test_two_workers_at_once_do_everything_once(backend: Backend) -> None:
    add_comments(backend.database, backend.rows, *[f"Beitrag {n}" for n in range(2 * BATCH)])
    receipt = erase(backend)
    workers = [
        threading.Thread(target=carry_out_erasures, args=[backend.database]) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    done = receipt_of(backend, receipt["id"])
    assert (done["state"], done["comments"]) == ("completed", 2 * BATCH)
    told = [event["type"] for event in backend.call("GET", "/v1/events?limit=200").json()["items"]]
    assert told == ["comment.withdrawn"] * 2 * BATCH + ["member.erased"]


def test_a_comment_cannot_slip_past_an_erasure(backend: Backend) -> None:
    """It waits for the erasure's commit, looks again, and makes a new member."""
    answers = []
    with backend.database.write() as session:
        member = session.exec(
            select(Member)
            .where(col(Member.site_id) == backend.rows.site_id, col(Member.key) == "lena")
            .with_for_update()
        ).one()
        member.key = "erased-1"
        session.add(Erasure(site_id=backend.rows.site_id, member_id=member.id))
        session.flush()
        poster = threading.Thread(
            target=lambda: answers.append(backend.post(member={"key": "lena", "name": "Lena"}))
        )
        poster.start()
        poster.join(0.3)
        assert poster.is_alive()
    poster.join(10)
    with backend.database.read() as session:
        comment = session.get_one(Comment, UUID(answers[0].json()["id"]))
        assert comment.member_id != backend.rows.member_id
        assert session.get_one(Member, backend.rows.member_id).name is None


def test_redis_is_told_no_key() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/0")
    limiter.hit("9/minute", "member", "site", "lena")
    storage: Any = limiter._memory.storage
    assert list(storage.events)
    assert not any("lena" in key for key in storage.events)
