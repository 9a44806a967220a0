"""State changes: what the Decision and the Event of each say."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.domain.states import Actor, State
from service.errors import IllegalTransition, OutdatedDecision
from service.events.outbox import UNDO_WINDOW
from service.tables import Decision, Event
from service.testing.backend import Backend
from service.testing.rows import frozen_clock


def decisions(backend: Backend, comment_id: str) -> list[Decision]:
    with backend.database.read() as session:
        found = session.exec(
            select(Decision)
            .where(col(Decision.comment_id) == UUID(comment_id))
            .order_by(col(Decision.id))
        )
        return list(found)


def events(backend: Backend, comment_id: str) -> list[Event]:
    with backend.database.read() as session:
        found = session.exec(
            select(Event).where(col(Event.comment_id) == UUID(comment_id)).order_by(col(Event.id))
        )
        return list(found)


def test_a_decision_tells_where_it_came_from(backend: Backend) -> None:
    comment = backend.comment()
    backend.judge(comment["id"], State.FLAGGED)
    backend.decide(comment["id"], "rejected")
    told = [
        (made.revision, made.from_state, made.to_state, made.actor)
        for made in decisions(backend, comment["id"])
    ]
    assert told == [
        (1, State.PENDING, State.FLAGGED, Actor.POLICY),
        (1, State.FLAGGED, State.REJECTED, Actor.MODERATOR),
    ]


def test_an_edit_is_a_decision_on_the_revision_it_adds(backend: Backend) -> None:
    comment = backend.comment()
    backend.judge(comment["id"], State.APPROVED)
    edited = backend.call("PATCH", f"/v1/comments/{comment['id']}", json={"body": "Doch anders."})
    assert edited.json()["revision"] == 2
    last = decisions(backend, comment["id"])[-1]
    assert (last.revision, last.from_state, last.to_state) == (2, State.APPROVED, State.PENDING)
    assert [event.type for event in events(backend, comment["id"])] == [
        "comment.approved",
        "comment.edited",
    ]
    assert events(backend, comment["id"])[-1].revision == 2


@pytest.mark.parametrize(
    ("before", "target", "held"),
    [
        (None, "approved", True),
        (State.FLAGGED, "approved", True),
        (State.FLAGGED, "rejected", True),
        (State.APPROVED, "approved", True),
        (State.APPROVED, "rejected", False),
        (State.APPROVED, "flagged", False),
    ],
)
def test_only_what_takes_nothing_down_waits_for_the_undo_window(
    backend: Backend, before: State | None, target: str, held: bool
) -> None:
    with frozen_clock() as clock:
        comment = backend.comment()
        if before:
            backend.judge(comment["id"], before)
        clock.advance(60)
        assert backend.decide(comment["id"], target).status_code == 201
        event = events(backend, comment["id"])[-1]
        assert event.due_at - clock() == (UNDO_WINDOW if held else timedelta(0))
        assert event.sequence is None


def test_events_of_policy_and_author_are_due_at_once(backend: Backend) -> None:
    comment = backend.comment()
    backend.judge(comment["id"], State.FLAGGED)
    backend.call("DELETE", f"/v1/comments/{comment['id']}")
    assert [event.due_at == event.created_at for event in events(backend, comment["id"])] == [
        True,
        True,
    ]


def test_a_change_against_an_old_reading_is_refused_whole(backend: Backend) -> None:
    comment = backend.comment()
    with backend.database.read() as session:
        stale = lock_comment(session, backend.rows.site_id, UUID(comment["id"]))
    backend.call("PATCH", f"/v1/comments/{comment['id']}", json={"body": "Neuer Text"})
    before = len(decisions(backend, comment["id"]))
    with pytest.raises(OutdatedDecision), backend.database.write() as session:
        change_state(session, Change(stale, State.APPROVED, Actor.POLICY, policy=1))
    assert len(decisions(backend, comment["id"])) == before
    assert len(events(backend, comment["id"])) == before


def test_what_the_table_forbids_is_refused(backend: Backend) -> None:
    comment = backend.comment()
    with backend.database.write() as session:
        found = lock_comment(session, backend.rows.site_id, UUID(comment["id"]))
        with pytest.raises(IllegalTransition):
            change_state(session, Change(found, State.APPROVED, Actor.SYSTEM))
    assert decisions(backend, comment["id"]) == []
