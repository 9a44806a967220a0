from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from sqlmodel import col, select

from service.domain.states import State
from service.domain.vocabulary import Lane
from service.events.outbox import UNDO_WINDOW
from service.tables import Comment, Event
from service.testing.backend import Backend
from service.testing.rows import frozen_clock

WINDOW = UNDO_WINDOW.total_seconds()


def undo(backend: Backend, decision_id: str, moderator: str = "petra", **more: Any) -> Response:
    body = {"moderator": {"key": moderator} | more}
    return backend.call("POST", f"/v1/decisions/{decision_id}/undo", json=body)


def flagged(backend: Backend) -> str:
    comment_id: str = backend.comment()["id"]
    backend.judge(comment_id, State.FLAGGED, 0.9)
    return comment_id


def events(backend: Backend, comment_id: str) -> list[Event]:
    with backend.database.read() as session:
        rows = session.exec(select(Event).order_by(col(Event.created_at)))
        return [row for row in rows if str(row.comment_id) == comment_id]


def test_undo_brings_back_the_state_and_its_reasons(backend: Backend) -> None:
    comment_id = flagged(backend)
    reasons = backend.read(comment_id)["decision"]["reasons"]
    decision = backend.decide(comment_id, "rejected", reason="insult").json()
    undone = undo(backend, decision["id"])
    assert undone.status_code == 201, undone.text
    comment = backend.read(comment_id)
    assert comment["state"] == "flagged"
    assert comment["decision"]["id"] == undone.json()["id"]
    assert comment["decision"]["reasons"][0]["code"] == "undone"
    assert comment["decision"]["reasons"][1:] == reasons


def test_the_same_undo_again_is_the_first_one(backend: Backend) -> None:
    decision = backend.decide(flagged(backend), "approved").json()
    assert undo(backend, decision["id"]).json() == undo(backend, decision["id"]).json()


def test_an_undone_decision_is_never_told(backend: Backend) -> None:
    comment_id = flagged(backend)
    decision = backend.decide(comment_id, "approved").json()
    undo(backend, decision["id"])
    by_decision = {str(event.decision_id): event for event in events(backend, comment_id)}
    assert by_decision[decision["id"]].cancelled_at is not None
    reverted = [event for event in events(backend, comment_id) if "reverted" in event.type]
    assert len(reverted) == 1
    assert reverted[0].due_at == reverted[0].created_at


def test_the_window_closes(backend: Backend) -> None:
    with frozen_clock() as clock:
        decision = backend.decide(flagged(backend), "approved").json()
        clock.advance(WINDOW + 0.001)
        late = undo(backend, decision["id"])
        assert late.status_code == 409
        assert late.json()["type"] == "urn:netiquette:problem:undo-too-late"


def test_nothing_newer_is_undone_with_it(backend: Backend) -> None:
    comment_id = flagged(backend)
    decision = backend.decide(comment_id, "approved").json()
    backend.decide(comment_id, "rejected")
    assert undo(backend, decision["id"]).status_code == 409
    assert backend.read(comment_id)["state"] == "rejected"


def test_only_its_moderator_or_a_lead_undoes(backend: Backend) -> None:
    decision = backend.decide(flagged(backend), "approved").json()
    refused = undo(backend, decision["id"], "kemal")
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:netiquette:problem:not-your-decision"
    assert undo(backend, decision["id"], "vera", lead=True).status_code == 201


def test_a_policy_decision_cannot_be_undone(backend: Backend) -> None:
    comment_id = flagged(backend)
    decision = backend.read(comment_id)["decision"]
    assert undo(backend, decision["id"]).status_code == 409


def test_an_undo_cannot_be_undone(backend: Backend) -> None:
    first = backend.decide(flagged(backend), "approved").json()
    second = undo(backend, first["id"]).json()
    assert undo(backend, second["id"]).status_code == 409


def test_a_decision_on_a_pending_comment_goes_back_to_the_policy(backend: Backend) -> None:
    comment_id = backend.comment()["id"]
    decision = backend.decide(comment_id, "approved").json()
    undo(backend, decision["id"])
    assert backend.read(comment_id)["state"] == "pending"
    assert backend.read(comment_id)["revision"] == 1
    backend.judge(comment_id, State.APPROVED)
    assert backend.read(comment_id)["decision"]["actor"] == "policy"


def test_undo_within_one_site_only(backend: Backend, other_site: Backend) -> None:
    decision = backend.decide(flagged(backend), "approved").json()
    assert undo(other_site, decision["id"]).status_code == 404
    assert undo(backend, "none").status_code == 404


def test_the_workers_are_told_of_a_comment_that_is_pending_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending_again = backend.comment()["id"]
    decision = backend.decide(pending_again, "approved").json()
    of_flagged = backend.decide(flagged(backend), "approved").json()
    nudged: list[tuple[Lane, State]] = []

    def note(lane: Lane) -> None:
        # By then everybody sees that it is pending (invariant 4).
        with backend.database.read() as session:
            nudged.append((lane, session.get_one(Comment, UUID(pending_again)).state))

    context = backend.client.app.state.context  # type: ignore[attr-defined]  # a FastAPI
    monkeypatch.setattr(context.nudges, "nudge", note)
    undo(backend, of_flagged["id"])
    assert nudged == []
    undo(backend, decision["id"])
    assert nudged == [(Lane.COMMENTS, State.PENDING)]
