"""The record of attempts, and sending again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, update

from service import clock
from service.domain.deliveries import Cause, Delivered, DisabledReason, Outcome, Refused, Unreached
from service.domain.states import State
from service.http.schemas import rfc3339
from service.ids import new_id
from service.tables import WebhookMessage
from service.testing.backend import Backend
from service.testing.rows import frozen_clock
from service.webhooks.payloads import Composed
from tests.support.receiver import OK, Receiver, problem
from workers.retention import delete_old_events

NO = Refused(500)


def approve(backend: Backend, count: int = 1) -> list[str]:
    """Post comments that the policy approves; return their ids."""
    ids = [backend.comment()["id"] for _ in range(count)]
    for comment_id in ids:
        backend.judge(comment_id, State.APPROVED)
    return ids


def attempts(receiver: Receiver, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = receiver.get("/deliveries", **query)["items"]
    return items


def redeliver(receiver: Receiver, delivery: dict[str, Any]) -> Any:
    return receiver.call("POST", f"/deliveries/{delivery['id']}/redeliver")


def give_up(receiver: Receiver) -> None:
    """Give up all that waits, as after five days of refusals."""
    with receiver.backend.database.write() as session:
        session.execute(
            update(WebhookMessage)
            .where(col(WebhookMessage.endpoint_id) == receiver.id)
            .values(failed_at=clock.now(), first_failed_at=clock.now(), refusals=9)
        )


def forget(backend: Backend) -> None:
    """Let the retention delete all events."""
    with backend.database.write() as session:
        delete_old_events(session, backend.rows.site_id, clock.now() + timedelta(days=1))


def test_an_attempt(backend: Backend) -> None:
    with frozen_clock():
        receiver = Receiver.add(backend)
        approve(backend)
        (sent,) = receiver.deliver(Delivered(204), "<b>Danke</b>")
        (shown,) = attempts(receiver)
        assert shown == {
            "id": shown["id"],
            "event": str(sent.event_id),
            "sequence": 1,
            "type": "comment.approved",
            "attempt": 1,
            "outcome": "delivered",
            "status": 204,
            "response": "<b>Danke</b>",
            "duration": 0.1,
            "request": {
                "url": receiver.made["url"],
                "webhook_id": str(sent.event_id),
                "size": len(sent.body),
            },
            "created_at": rfc3339(clock.now()),
            "next_attempt_at": None,
        }


@pytest.mark.parametrize(
    ("outcome", "named", "status"),
    [(NO, "refused", 500), (Refused(301), "refused", 301)]
    + [(Unreached(cause), cause.value, None) for cause in Cause],
)
def test_a_failure(backend: Backend, outcome: Outcome, named: str, status: int | None) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    receiver.deliver(outcome, None)
    (shown,) = attempts(receiver)
    assert (shown["outcome"], shown["status"], shown["response"]) == (named, status, None)
    assert shown["next_attempt_at"] == receiver.get()["next_attempt_at"] is not None
    assert attempts(receiver, outcome="failed") == [shown]
    assert attempts(receiver, outcome="delivered") == []


def test_attempts_are_found_by_event_and_outcome(backend: Backend) -> None:
    receiver, other = Receiver.add(backend), Receiver.add(backend)
    approve(backend)
    (sent,) = receiver.deliver(NO)
    receiver.set(next_attempt_at=None)
    receiver.deliver()
    other.deliver()
    approve(backend)
    receiver.deliver()
    of_event = attempts(receiver, event=sent.event_id)
    assert [(one["attempt"], one["outcome"]) for one in of_event] == [
        (2, "delivered"),
        (1, "refused"),
    ]
    assert [one["sequence"] for one in attempts(receiver, outcome="delivered")] == [2, 1]
    assert attempts(receiver, outcome="failed") == of_event[1:]
    assert attempts(receiver, event=new_id()) == []
    assert problem(receiver.call("GET", "/deliveries?outcome=late")) == (422, "invalid")


def test_pages_end_where_the_next_begins(backend: Backend) -> None:
    receiver, other = Receiver.add(backend), Receiver.add(backend)
    approve(backend, 5)
    receiver.deliver()
    everything = attempts(receiver)
    assert [one["sequence"] for one in everything] == [5, 4, 3, 2, 1]
    found, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = receiver.get("/deliveries", **query)
        found += page["items"]
        after = page["next"]
        if after is None:
            break
        foreign = other.call("GET", "/deliveries", params=query | {"after": after})
        assert problem(foreign) == (422, "invalid")
        filtered = receiver.call(
            "GET", "/deliveries", params={"after": after, "outcome": "delivered"}
        )
        assert problem(filtered) == (422, "invalid")
    assert found == everything


def test_sent_again_under_the_same_id(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    (first,) = receiver.deliver(NO)
    receiver.set(next_attempt_at=None)
    receiver.deliver()
    oldest = attempts(receiver)[-1]
    response = redeliver(receiver, oldest)
    assert (response.status_code, response.json()) == (202, {"event": str(first.event_id)})
    assert redeliver(receiver, oldest).status_code == 202
    (again,) = receiver.deliver()
    assert (again.event_id, again.body, again.attempt) == (first.event_id, first.body, 3)
    assert receiver.deliver() == []
    assert [one["attempt"] for one in attempts(receiver)] == [3, 2, 1]


def test_what_waits_is_sent_at_once(backend: Backend) -> None:
    with frozen_clock():
        receiver = Receiver.add(backend)
        approve(backend)
        receiver.deliver(NO)
        assert receiver.deliver() == []
        (delivery,) = attempts(receiver)
        assert redeliver(receiver, delivery).status_code == 202
        assert attempts(receiver)[0]["next_attempt_at"] == rfc3339(clock.now())
        assert [message.attempt for message in receiver.deliver()] == [2]


def test_what_is_no_longer_kept_is_not_sent_again(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    receiver.deliver()
    forget(backend)
    (delivery,) = attempts(receiver)
    assert problem(redeliver(receiver, delivery)) == (410, "gone")


def test_all_that_was_given_up_is_sent_again_oldest_first(backend: Backend) -> None:
    receiver, other = Receiver.add(backend), Receiver.add(backend)
    approve(backend, 3)
    for one in (receiver, other):
        one.round()
        give_up(one)
    assert (receiver.get()["waiting"], receiver.get()["failed"]) == (0, 3)
    assert receiver.deliver() == []
    response = receiver.call("POST", "/redeliver")
    assert (response.status_code, response.json()) == (202, {"events": 3})
    assert sequences(receiver.deliver(OK)) == [1, 2, 3]
    assert (receiver.get()["failed"], other.get()["failed"]) == (0, 3)
    assert receiver.call("POST", "/redeliver").json() == {"events": 0}


def sequences(sent: list[Composed]) -> list[int]:
    return [message.sequence for message in sent]


def test_what_was_given_up_is_not_tried_again_by_itself(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    receiver.deliver(NO)
    give_up(receiver)
    assert attempts(receiver)[0]["next_attempt_at"] is None


def test_of_a_disabled_one_nothing_is_tried_again(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    receiver.deliver(NO)
    receiver.set(disabled_at=clock.now(), disabled_reason=DisabledReason.MANUAL)
    (delivery,) = attempts(receiver)
    assert delivery["next_attempt_at"] is None
    assert problem(redeliver(receiver, delivery)) == (409, "endpoint-disabled")


def test_an_attempt_of_another_receiver_is_none_of_this_one(backend: Backend) -> None:
    receiver, other = Receiver.add(backend), Receiver.add(backend)
    approve(backend)
    receiver.deliver()
    (delivery,) = attempts(receiver)
    for unknown in (delivery, {"id": UUID(int=7)}, {"id": "nonsense"}):
        assert problem(redeliver(other, unknown)) == (404, "not-found")
