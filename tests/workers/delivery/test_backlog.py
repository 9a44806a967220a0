"""An endpoint's queue: what is put into it, in which order it is taken, what takes its place."""

from datetime import timedelta
from typing import Any

import pytest

from service import clock
from service.db import Database
from service.domain.deliveries import DELAYS, DisabledReason, Gone, Refused
from service.domain.events import EventType
from service.domain.states import State
from service.events.sequencer import number_due_events
from service.ids import new_id
from service.tables import Endpoint, Event, WebhookMessage
from service.testing.backend import Backend
from service.testing.rows import add_site, frozen_clock
from tests.support.receiver import Receiver, content
from workers.delivery import backlog
from workers.delivery.leasing import lease_endpoints
from workers.retention import delete_old_events

EVERY_STATE = ["comment.approved", "comment.flagged", "comment.rejected", "decision.reverted"]
REPORT = {"reason": "spam"}


def decided(backend: Backend, state: State = State.APPROVED) -> str:
    comment_id: str = backend.comment()["id"]
    backend.judge(comment_id, state)
    return comment_id


def report(backend: Backend, comment_id: str) -> None:
    assert backend.call("POST", f"/v1/comments/{comment_id}/reports", json=REPORT).is_success


def told(receiver: Receiver) -> list[tuple[int, str]]:
    """Deliver a round; return what was sent."""
    return [(message.sequence, message.type.value) for message in receiver.deliver()]


def add_events(backend: Backend, count: int) -> None:
    """Add events about nothing in particular."""
    now = clock.now()
    facts = {"endpoint": {"id": str(backend.rows.site_id)}, "reason": None}
    with backend.database.write() as session:
        session.add_all(
            Event(
                site_id=backend.rows.site_id,
                type=EventType.WEBHOOK_DISABLED,
                facts=facts,
                due_at=now,
                created_at=now,
            )
            for _ in range(count)
        )


def number(backend: Backend) -> None:
    with backend.database.write() as session:
        number_due_events(session, backend.rows.site_id, clock.now())


def test_starts_with_what_is_numbered_from_now_on(backend: Backend) -> None:
    decided(backend)
    number(backend)
    receiver = Receiver.add(backend)
    assert receiver.made["sequence"] == 1
    decided(backend)
    assert told(receiver) == [(2, "comment.approved")]
    assert receiver.get()["sequence"] == 2


def test_takes_only_what_was_subscribed_to(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.flagged", "report.received"])
    comment = decided(backend)
    decided(backend, State.FLAGGED)
    report(backend, comment)
    assert told(receiver) == [(2, "comment.flagged"), (3, "report.received")]
    assert receiver.get()["sequence"] == 3


def test_a_change_of_the_subscription_holds_from_then_on(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.flagged"])
    decided(backend)
    assert told(receiver) == []
    receiver.call("PATCH", json={"events": ["comment.approved"]})
    decided(backend)
    assert told(receiver) == [(2, "comment.approved")]


def test_oldest_first_in_rounds(backend: Backend) -> None:
    receiver = Receiver.add(backend, rate=2)
    for _ in range(5):
        decided(backend)
    rounds = [[sequence for sequence, _ in told(receiver)] for _ in range(4)]
    assert rounds == [[1, 2], [3, 4], [5], []]


def test_of_one_comment_only_one_is_under_way(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.approved", "report.received"])
    comment, other = decided(backend), decided(backend)
    report(backend, comment)
    assert told(receiver) == [(1, "comment.approved"), (2, "comment.approved")]
    report(backend, other)
    assert told(receiver) == [(3, "report.received"), (4, "report.received")]


def test_what_waits_by_itself_holds_up_its_own_comment_alone(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.approved", "report.received"])
    with frozen_clock() as frozen:
        comment = decided(backend)
        receiver.round()
        (waiting,) = receiver.queue
        with backend.database.write() as session:
            session.merge(waiting).due_at = clock.now() + DELAYS[0]
        frozen.advance(1)
        report(backend, comment)
        decided(backend)
        assert told(receiver) == [(3, "comment.approved")]
        frozen.advance(DELAYS[0].total_seconds())
        assert told(receiver) == [(1, "comment.approved")]
        assert told(receiver) == [(2, "report.received")]


def test_a_failing_endpoint_is_sent_the_oldest_and_later_also_one_tried_least(
    backend: Backend,
) -> None:
    receiver = Receiver.add(backend)
    for _ in range(3):
        decided(backend)
    receiver.set(failures=1)
    probes = []
    for _ in range(6):
        probes.append([message.sequence for message in receiver.deliver(Refused(500))])
        receiver.set(next_attempt_at=None)
    assert probes == [[1], [1], [1], [1, 2], [1, 3], [1, 2]]


def test_the_one_that_was_disabled_is_not_told_of_it(backend: Backend) -> None:
    gone = Receiver.add(backend, events=["webhook.disabled", "comment.approved"])
    other = Receiver.add(backend, events=["webhook.disabled"])
    decided(backend)
    gone.deliver(Gone())
    assert told(other) == [(2, "webhook.disabled")]
    assert gone.call("PATCH", json={"enabled": True}).is_success
    assert told(gone) == [(1, "comment.approved")]
    assert told(gone) == []


def test_a_later_state_takes_the_place_of_earlier_ones(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=[*EVERY_STATE, "report.received"])
    comment, other = decided(backend), decided(backend)
    number(backend)
    receiver.round()
    replaced = [event_id(backend, 1)]
    report(backend, comment)
    backend.decide(comment, "rejected")
    number(backend)
    sent = receiver.deliver()
    assert [message.sequence for message in sent] == [2, 3]
    (last,) = receiver.deliver()
    assert (last.sequence, last.type) == (4, "comment.rejected")
    assert content(last)["data"]["supersedes"] == replaced
    assert content(sent[0])["data"]["supersedes"] == []
    assert content(sent[0])["data"]["comment"]["id"] == other


def test_what_was_replaced_is_named_by_the_last_one(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=EVERY_STATE)
    with frozen_clock() as frozen:
        comment = decided(backend)
        receiver.round()
        frozen.advance(1)
        undone = backend.decide(comment, "rejected").json()["id"]
        receiver.round()
        frozen.advance(1)
        undo = {"moderator": {"key": "petra"}}
        assert backend.call("POST", f"/v1/decisions/{undone}/undo", json=undo).is_success
        (sent,) = receiver.deliver()
    assert (sent.sequence, sent.type) == (3, "decision.reverted")
    assert content(sent)["data"]["supersedes"] == [event_id(backend, 1), event_id(backend, 2)]
    assert receiver.queue == []


def test_what_was_sent_before_is_not_named(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    comment = decided(backend)
    receiver.deliver()
    backend.decide(comment, "rejected")
    (sent,) = receiver.deliver()
    assert content(sent)["data"]["supersedes"] == []


def test_what_was_given_up_is_replaced_too(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    comment = decided(backend)
    receiver.round()
    with backend.database.write() as session:
        (waiting,) = receiver.queue
        session.merge(waiting).failed_at = clock.now()
    backend.decide(comment, "rejected")
    (sent,) = receiver.deliver()
    assert content(sent)["data"]["supersedes"] == [event_id(backend, 1)]
    assert receiver.get()["failed"] == 0


def event_id(backend: Backend, sequence: int) -> str:
    items: list[dict[str, Any]] = backend.call("GET", "/v1/events").json()["items"]
    return next(str(item["id"]) for item in items if item["sequence"] == sequence)


def test_many_are_queued_in_several_transactions(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "FILL_BATCH", 3)
    receiver = Receiver.add(backend, events=["webhook.disabled"])
    add_events(backend, 7)
    assert [sequence for sequence, _ in told(receiver)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_disabled_one_misses_nothing_that_is_kept(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    decided(backend)
    receiver.round()
    receiver.call("PATCH", json={"enabled": False})
    decided(backend)
    assert told(receiver) == []
    assert len(receiver.queue) == 1
    receiver.call("PATCH", json={"enabled": True})
    assert [sequence for sequence, _ in told(receiver)] == [1, 2]


def test_what_the_retention_deletes_is_not_sent(backend: Backend, other_site: Backend) -> None:
    receiver, foreign = Receiver.add(backend), Receiver.add(other_site)
    with frozen_clock() as frozen:
        for site in (backend, other_site):
            decided(site)
        receiver.round()
        foreign.round()
        receiver.set(disabled_at=clock.now(), disabled_reason=DisabledReason.MANUAL)
        decided(backend)
        number(backend)
        frozen.advance(1)
        with backend.database.write() as session:
            delete_old_events(session, backend.rows.site_id, clock.now())
        assert receiver.queue == []
        assert len(foreign.queue) == 1
        decided(backend)
        receiver.call("PATCH", json={"enabled": True})
        assert told(receiver) == [(3, "comment.approved")]


def test_a_message_without_its_event_keeps_nobody_busy(backend: Backend) -> None:
    """As when the retention deletes an event that is being queued."""
    receiver = Receiver.add(backend)
    decided(backend)
    receiver.round()
    (lost,) = receiver.queue
    copy = lost.model_dump()
    with backend.database.write() as session:
        delete_old_events(session, backend.rows.site_id, clock.now())
    with backend.database.write() as session:
        session.add(type(lost)(**copy))
    decided(backend)
    assert told(receiver) == [(2, "comment.approved")]
    assert receiver.queue == []


def test_a_message_behind_one_that_is_not_due_is_no_work(database: Database) -> None:
    site = add_site(database).site_id
    subject = new_id()
    now = clock.now()
    with database.write() as session:
        endpoint = Endpoint(
            site_id=site, url="https://cms.example/", events=[], secret="", queued_sequence=0
        )
        session.add(endpoint)
        session.flush()
        for sequence, due in ((1, now + timedelta(hours=1)), (2, now)):
            session.add(
                WebhookMessage(
                    endpoint_id=endpoint.id,
                    sequence=sequence,
                    site_id=site,
                    subject=subject,
                    tells_state=False,
                    due_at=due,
                )
            )
    assert lease_endpoints(database, 10) == []
    with database.write() as session:
        first = session.get_one(WebhookMessage, (endpoint.id, 1))
        first.due_at = now
    assert len(lease_endpoints(database, 10)) == 1
    with database.read() as session:
        assert [m.sequence for m in backlog.take(session, endpoint, clock.now(), 9)] == [1]
