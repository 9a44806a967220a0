"""POST of reports: who counts, what enough of them do, and what they never do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlmodel import col, select
from starlette.testclient import TestClient

from service.app import create_app
from service.domain.states import Actor, State
from service.events.outbox import UNDO_WINDOW
from service.http.schemas import rfc3339
from service.policy.facts import Facts
from service.policy.judgement import judge
from service.settings import Settings
from service.tables import Decision, Event, Policy
from service.testing.backend import Backend
from service.testing.rows import frozen_clock

READERS = ("anna", "bert", "cem", "dora")


@pytest.fixture
def site(backend: Backend) -> Backend:
    """Return a backend for whose site some readers have written."""
    for key in READERS:
        backend.comment(member={"key": key})
    return backend


def set_status(site: Backend, key: str, status: str, **more: Any) -> None:
    answer = site.call("PATCH", f"/v1/members/{key}", json={"status": status, **more})
    assert answer.status_code == 200


def report(site: Backend, comment_id: str, reporter: str | None = None, **more: Any) -> Response:
    body = {"reason": "insult"} | more
    if reporter:
        body["reporter"] = {"key": reporter}
    return site.call("POST", f"/v1/comments/{comment_id}/reports", json=body)


def made(site: Backend, comment_id: str, reporter: str | None = None, **more: Any) -> Any:
    response = report(site, comment_id, reporter, **more)
    assert response.status_code == 201, response.text
    return response.json()


def approved(site: Backend) -> str:
    """Return a comment that the policy has approved."""
    comment_id: str = site.comment()["id"]
    site.judge(comment_id, State.APPROVED)
    return comment_id


def history(site: Backend, comment_id: str) -> list[dict[str, Any]]:
    response = site.call("GET", f"/v1/comments/{comment_id}/history")
    items: list[dict[str, Any]] = response.json()["items"]
    return [item for item in items if item["kind"] == "report"]


def event_types(site: Backend, comment_id: str) -> list[str]:
    """Return the types of the comment's events in the order in which they will be numbered."""
    with site.database.read() as session:
        events = session.exec(
            select(Event)
            .where(col(Event.comment_id) == UUID(comment_id), col(Event.cancelled_at).is_(None))
            .order_by(col(Event.due_at), col(Event.created_at), col(Event.id))
        ).all()
    return [event.type.value for event in events]


def test_a_report_is_kept_and_told(site: Backend) -> None:
    comment_id = approved(site)
    answer = made(site, comment_id, "anna", note=" So nicht!\r\n")
    assert answer["reporter"] == {"key": "anna"}
    assert (answer["reason"], answer["note"], answer["revision"]) == ("insult", "So nicht!", 1)
    assert answer["comment_id"] == comment_id
    assert answer["resolved_at"] is None
    (item,) = history(site, comment_id)
    assert item == {
        "kind": "report",
        "at": answer["created_at"],
        "id": answer["id"],
        "revision": 1,
        "reporter": {"key": "anna"},
        "reason": "insult",
        "note": "So nicht!",
        "resolved_at": None,
    }
    assert event_types(site, comment_id) == ["comment.approved", "report.received"]
    assert site.read(comment_id)["state"] == "approved"


def test_a_members_open_report_again_is_the_first(site: Backend) -> None:
    comment_id = approved(site)
    first = made(site, comment_id, "anna", note="Eins")
    again = report(site, comment_id, "anna", reason="spam", note="Zwei")
    assert (again.status_code, again.json()) == (200, first)
    assert event_types(site, comment_id).count("report.received") == 1
    site.decide(comment_id, "approved")
    assert made(site, comment_id, "anna")["id"] != first["id"]


def test_three_known_members_flag_what_the_policy_approved(site: Backend) -> None:
    comment_id = approved(site)
    for reader in ("anna", "bert"):
        made(site, comment_id, reader)
        made(site, comment_id, None)
    assert report(site, comment_id, "bert").status_code == 200
    assert site.read(comment_id)["state"] == "approved"
    made(site, comment_id, "cem")
    comment = site.read(comment_id)
    assert comment["state"] == "flagged"
    decision = comment["decision"]
    assert (decision["actor"], decision["policy"]) == ("policy", 1)
    assert [
        {name: value for name, value in reason.items() if value is not None}
        for reason in decision["reasons"]
    ] == [{"code": "reported", "evidence": "3 members"}]
    assert event_types(site, comment_id)[-2:] == ["report.received", "comment.flagged"]
    made(site, comment_id, "dora")
    assert event_types(site, comment_id)[-1] == "report.received"


def test_the_record_of_that_decision_gives_it_again(site: Backend) -> None:
    comment_id = approved(site)
    for reader in ("anna", "bert", "cem"):
        made(site, comment_id, reader)
    with site.database.read() as session:
        flagged = session.exec(
            select(Decision).where(
                col(Decision.comment_id) == UUID(comment_id),
                col(Decision.to_state) == State.FLAGGED,
            )
        ).one()
        policy = session.get_one(Policy, (site.rows.site_id, flagged.policy))
    judgement = judge(policy.document, Facts.model_validate(flagged.facts))
    assert (judgement.state, judgement.actor) == (State.FLAGGED, Actor.POLICY)
    assert [reason.stored() for reason in judgement.reasons] == flagged.reasons


def test_the_policy_says_how_many(site: Backend) -> None:
    with site.database.write() as session:
        policy = session.get_one(Policy, (site.rows.site_id, 1))
        policy.document = policy.document | {"report_limit": 1}
    comment_id = approved(site)
    made(site, comment_id, "anna")
    assert site.read(comment_id)["state"] == "flagged"


def test_nobody_counts_who_has_not_written_here(site: Backend, other_site: Backend) -> None:
    other_site.comment(member={"key": "mara"})
    for key, gone in (("rita", "rejected"), ("wim", "withdrawn")):
        written = site.comment(member={"key": key})["id"]
        if gone == "rejected":
            site.decide(written, "rejected")
        else:
            site.call("DELETE", f"/v1/comments/{written}")
    comment_id = approved(site)
    for reporter in (None, None, "mara", "nobody", "rita", "wim", "anna", "bert"):
        made(site, comment_id, reporter)
    assert site.read(comment_id)["state"] == "approved"


def test_a_reporter_who_never_wrote_is_kept(site: Backend) -> None:
    comment_id = approved(site)
    first = made(site, comment_id, "nobody")
    assert first["reporter"] == {"key": "nobody"}
    assert report(site, comment_id, "nobody").json() == first
    assert site.call("GET", "/v1/members/nobody").json()["reports"] == {"made": 1, "upheld": 0}
    assert site.call("DELETE", "/v1/members/nobody").is_success
    (item,) = history(site, comment_id)
    assert item["reporter"] != {"key": "nobody"}


@pytest.mark.parametrize("status", ["banned", "suspended", "premoderated"])
def test_only_active_members_count(site: Backend, status: str) -> None:
    comment_id = approved(site)
    for reader in ("anna", "bert", "cem"):
        set_status(site, reader, status)
        made(site, comment_id, reader)
    assert site.read(comment_id)["state"] == "approved"
    set_status(site, "anna", "active")
    set_status(site, "bert", "active")
    made(site, comment_id, "dora")
    assert site.read(comment_id)["state"] == "flagged"


def test_an_expired_ban_no_longer_counts(site: Backend) -> None:
    with frozen_clock() as clock:
        comment_id = approved(site)
        set_status(site, "anna", "banned", until=rfc3339(clock() + timedelta(hours=1)))
        for reader in ("anna", "bert"):
            made(site, comment_id, reader)
        clock.advance(3601)
        made(site, comment_id, "cem")
        assert site.read(comment_id)["state"] == "flagged"


def test_authors_do_not_take_down_their_own(site: Backend) -> None:
    comment_id = site.comment(member={"key": "dora"})["id"]
    site.judge(comment_id, State.APPROVED)
    for reader in ("anna", "bert", "dora"):
        made(site, comment_id, reader)
    assert site.read(comment_id)["state"] == "approved"


def test_what_a_moderator_approved_stays(site: Backend) -> None:
    comment_id = approved(site)
    site.decide(comment_id, "approved")
    for reader in READERS:
        made(site, comment_id, reader)
    assert site.read(comment_id)["state"] == "approved"


def test_an_undo_makes_it_the_policys_approval_again(site: Backend) -> None:
    comment_id = approved(site)
    made(site, comment_id, "anna")
    decision = site.decide(comment_id, "rejected").json()["id"]
    undone = site.call(
        "POST", f"/v1/decisions/{decision}/undo", json={"moderator": {"key": "petra"}}
    )
    assert undone.json()["state"] == "approved"
    for reader in ("bert", "cem"):
        made(site, comment_id, reader)
    assert site.read(comment_id)["state"] == "flagged"


@pytest.mark.parametrize("state", [None, State.FLAGGED])
def test_before_the_decision_reports_are_only_recorded(site: Backend, state: State | None) -> None:
    comment_id = site.comment()["id"]
    if state:
        site.judge(comment_id, state)
    before = site.read(comment_id)
    for reader in READERS:
        made(site, comment_id, reader)
    assert site.read(comment_id) == before
    assert len(history(site, comment_id)) == len(READERS)


def test_a_report_does_not_cut_the_undo_window_short(site: Backend) -> None:
    with frozen_clock() as clock:
        comment_id = site.comment()["id"]
        decision = site.decide(comment_id, "approved").json()["id"]
        clock.advance(3)
        made(site, comment_id, "anna")
        assert site.call("GET", "/v1/events").json()["items"] == []
        assert event_types(site, comment_id) == ["comment.approved", "report.received"]
        site.call("POST", f"/v1/decisions/{decision}/undo", json={"moderator": {"key": "petra"}})
        clock.advance(UNDO_WINDOW.total_seconds())
        items = site.call("GET", "/v1/events").json()["items"]
        assert [item["type"] for item in items] == ["report.received", "decision.reverted"]


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_what_nobody_sees_is_not_reported(site: Backend, state: str) -> None:
    comment_id = approved(site)
    if state == "rejected":
        site.decide(comment_id, "rejected")
    else:
        site.call("DELETE", f"/v1/comments/{comment_id}")
    refused = report(site, comment_id, "anna")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:netiquette:problem:not-reportable"
    assert history(site, comment_id) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "dislike"},
        {"reason": None},
        {"note": "\x07"},
        {"note": "x" * 2001},
        {"note": " "},
        {"reporter": {"key": "a b"}},
        {"reporter": {"key": "anna", "name": "Anna"}},
        {"weight": 3},
    ],
)
def test_what_is_no_report_is_refused(site: Backend, changes: dict[str, Any]) -> None:
    comment_id = approved(site)
    assert report(site, comment_id, **changes).status_code == 422


def test_unknown_and_foreign_comments_are_not_there(site: Backend, other_site: Backend) -> None:
    for comment_id in (other_site.comment()["id"], str(uuid4()), "x"):
        assert report(site, comment_id, "anna").status_code == 404


@pytest.fixture
def hurried(site: Backend) -> Iterator[Backend]:
    """Give the backend with an API of its own, at which reports are limited."""
    url = site.database.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, redis_url="redis://127.0.0.1:1/0", report_rate="2/minute")
    app = create_app(settings)
    yield replace(site, client=TestClient(app))
    app.state.context.database.dispose()


def test_a_reporter_may_report_so_much(hurried: Backend) -> None:
    comment_id = approved(hurried)
    for reporter in ("anna", "nobody", None):
        statuses = [report(hurried, comment_id, reporter).status_code for _ in range(3)]
        assert statuses[-1] == 429, reporter
        assert 429 not in statuses[:-1]
    limited = report(hurried, comment_id, "anna")
    assert limited.json()["type"] == "urn:netiquette:problem:rate-limited"
    made(hurried, comment_id, "bert")


def test_anonymous_reporters_are_told_apart(hurried: Backend) -> None:
    comment_id = approved(hurried)
    for reporter in ("s1", "s2"):
        statuses = [
            report(hurried, comment_id, anonymous_id=reporter).status_code for _ in range(3)
        ]
        assert statuses == [201, 201, 429]
    made(hurried, comment_id)
    assert all(item["reporter"] is None for item in history(hurried, comment_id))
