"""Delivering that is cut off, told to end, doubled, or in trouble: at least once, same ids."""

import asyncio
from asyncio import StreamWriter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from service import clock
from service.secret_box import SecretBox
from service.testing.rows import FrozenClock
from service.webhooks.secrets import new_secret
from tests.support.outbox import Outbox
from tests.workers.delivery.receivers import raw
from tests.workers.delivery.running import OK, Receive, Running, sent, until
from workers.delivery import leasing, loop, rounds
from workers.delivery.leasing import LEASE, Leased
from workers.delivery.loop import Delivering
from workers.delivery.rounds import ROUND


def test_what_was_sent_but_not_recorded_is_sent_again_under_its_id(
    outbox: Outbox, receive: Receive, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(3)
    with monkeypatch.context() as patch:
        next_round = rounds.next_round

        def fail(database: Any, box: Any, leased: Leased, done: Sequence[Any]) -> Any:
            if done:
                raise OperationalError("COMMIT", {}, Exception("the disk is full"))
            return next_round(database, box, leased, done)

        patch.setattr(rounds, "next_round", fail)
        with capture_logs() as logs:
            outbox.deliver()
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("delivery_left", "OperationalError")
    ]
    outbox.deliver()
    assert sorted(sent(receiver)) == sorted(events)
    now.advance(LEASE.total_seconds())
    outbox.deliver()
    assert sorted(sent(receiver)) == sorted([*events, *events])
    assert outbox.waiting(endpoint) == []


def test_stopped_while_a_receiver_hangs_it_sends_again_under_the_same_ids(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FINISH_SECONDS", 0.05)
    receiver = receive(raw(b"", hang=True))
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(2)
    with Running(outbox):
        until(lambda: len(receiver.requests) == len(events))
    assert outbox.read(endpoint).lease is None
    receiver.answer = OK
    outbox.deliver()
    assert sorted(sent(receiver)) == sorted([*events, *events])
    assert outbox.waiting(endpoint) == []
    assert outbox.read(endpoint).failures == 0


def test_told_to_end_it_records_what_is_under_way_and_leaves_the_rest_to_another(
    outbox: Outbox, receive: Receive
) -> None:
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(3 * ROUND)
    delivering = Delivering(outbox.database, outbox.settings)

    async def stop(writer: StreamWriter) -> None:
        delivering.stop()
        await OK(writer)

    receiver.answer = stop
    delivering.run()
    assert len(sent(receiver)) < len(events)
    assert outbox.read(endpoint).lease is None
    delivering.run()
    outbox.deliver()
    assert sorted(sent(receiver)) == events


def test_two_workers_share_without_sending_twice(outbox: Outbox, receive: Receive) -> None:
    receivers = [receive(OK) for _ in range(4)]
    for receiver in receivers:
        outbox.endpoint(receiver.url())
    events = outbox.approve(3 * ROUND)
    with Running(outbox), Running(outbox):
        until(lambda: all(len(one.requests) >= len(events) for one in receivers))
    outbox.deliver()
    for receiver in receivers:
        assert sorted(sent(receiver)) == events


def test_a_secret_of_another_key_is_told(outbox: Outbox, receive: Receive) -> None:
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    outbox.approve(1)
    other = outbox.settings.model_copy(update={"secret_key": SecretStr("x" * 32)})
    with capture_logs() as logs:
        Delivering(outbox.database, other).run()
    assert [entry["event"] for entry in logs] == ["webhook_secret_unreadable"]
    assert [row.outcome for row in outbox.deliveries(endpoint)] == ["secret"]
    assert receiver.requests == []


def test_after_the_key_was_lost_a_new_secret_signs_at_once(
    outbox: Outbox, receive: Receive
) -> None:
    receiver = receive(OK)
    lost = SecretBox(SecretStr("x" * 32)).encrypt(new_secret())
    until = clock.now() + timedelta(hours=24)
    endpoint = outbox.endpoint(receiver.url(), old_secret=lost, old_secret_until=until)
    outbox.approve(1)
    outbox.deliver()
    assert [row.outcome for row in outbox.deliveries(endpoint)] == ["delivered"]
    receiver.requests[0].verify(outbox.secret)


def test_without_a_key_nothing_is_done(outbox: Outbox, receive: Receive) -> None:
    receiver = receive(OK)
    outbox.endpoint(receiver.url())
    outbox.approve(1)
    none = outbox.settings.model_copy(update={"secret_key": None})
    Delivering(outbox.database, none).run()
    assert receiver.requests == []


def test_a_failed_look_leaves_what_is_under_way_alone(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(1)
    lease, looks = leasing.lease_endpoints, 0

    def fail_later(*arguments: Any) -> list[Leased]:
        nonlocal looks
        looks += 1
        if looks > 1:
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return lease(*arguments)

    async def wait(writer: StreamWriter) -> None:
        while looks < 3:  # noqa: ASYNC110 - another event loop counts
            await asyncio.sleep(0.01)
        await OK(writer)

    receiver.answer = wait
    monkeypatch.setattr(leasing, "lease_endpoints", fail_later)
    with capture_logs() as logs:
        outbox.deliver()
    assert {entry["event"] for entry in logs} == {"delivery_not_looked"}
    assert sent(receiver) == events
    assert outbox.waiting(endpoint) == []


def test_trouble_with_one_endpoint_leaves_the_others_alone(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = receive(OK), receive(OK)
    broken = outbox.endpoint(one.url())
    outbox.endpoint(other.url())
    events = outbox.approve(1)
    next_round = rounds.next_round

    def fail(database: Any, box: Any, leased: Leased, done: Sequence[Any]) -> Any:
        if leased.endpoint_id == broken:
            raise KeyError("a text that nobody may log")
        return next_round(database, box, leased, done)

    monkeypatch.setattr(rounds, "next_round", fail)
    with capture_logs() as logs:
        outbox.deliver()
    assert logs == [
        {
            "event": "delivery_left",
            "endpoint": str(broken),
            "error": "KeyError",
            "log_level": "warning",
        }
    ]
    assert sent(other) == events
