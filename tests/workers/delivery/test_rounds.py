"""The database's side of delivery: leases, rounds, and what is recorded."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service.domain.deliveries import (
    Cause,
    Delivered,
    DisabledReason,
    Gone,
    Outcome,
    Refused,
    Unreached,
)
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.testing.rows import FrozenClock, add_site
from service.webhooks.secrets import new_secret
from tests.support.outbox import Outbox
from tests.workers.delivery.by_hand import Worker
from workers.delivery.leasing import LEASE
from workers.delivery.rounds import ROUND

URL = "https://receiver.test/hook"
OK = Delivered(200)
DOWN = Unreached(Cause.CONNECTION)


def between(seconds: float, most: float) -> tuple[timedelta, timedelta]:
    return timedelta(seconds=seconds), timedelta(seconds=most)


def test_all_is_sent_oldest_first_and_the_lease_given_back(outbox: Outbox, worker: Worker) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(ROUND + 3)
    assert worker.begin() == events[:ROUND]
    assert outbox.read(endpoint).lease
    assert worker.go_on(OK) == events[ROUND:]
    assert worker.go_on(OK) == []
    assert outbox.read(endpoint).lease is None
    assert outbox.waiting(endpoint) == []
    assert [row.event_id for row in outbox.deliveries(endpoint)] == events
    assert worker.lease() == []


def test_one_event_of_a_comment_at_a_time_is_under_way(outbox: Outbox, worker: Worker) -> None:
    outbox.endpoint(URL)
    one, other = outbox.comments(2)
    events = [outbox.report(one), outbox.report(one), outbox.report(other), outbox.decide(one)]
    assert worker.begin() == [events[0], events[2]]
    assert worker.go_on(OK) == [events[1]]
    assert worker.go_on(OK) == [events[3]]
    assert worker.go_on(OK) == []


def test_a_later_state_replaces_unsent_ones_and_names_them(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    (comment,) = outbox.comments(1)
    approved, reported = outbox.decide(comment), outbox.report(comment)
    assert worker.begin() == [approved]
    assert worker.go_on(DOWN) == []
    flagged = outbox.decide(comment, State.FLAGGED)
    now.advance(10)
    assert worker.begin() == [reported]
    assert worker.go_on(DOWN) == []
    (_, row) = outbox.waiting(endpoint)
    assert row.supersedes == [str(approved)]
    rejected = outbox.decide(comment, State.REJECTED, Actor.MODERATOR)
    now.advance(100)
    # The report was refused once, so that it holds up the rejection no longer.
    assert worker.begin() == [rejected]
    (_, row) = outbox.waiting(endpoint)
    assert row.supersedes == [str(approved), str(flagged)]
    assert worker.go_on(OK) == [reported]
    assert worker.go_on(OK) == []


def test_what_an_endpoint_has_not_subscribed_to_is_not_named(
    outbox: Outbox, worker: Worker
) -> None:
    outbox.endpoint(URL, events=["comment.rejected", "report.received"])
    (comment,) = outbox.comments(1)
    outbox.decide(comment)
    outbox.decide(comment, State.FLAGGED)
    rejected = outbox.decide(comment, State.REJECTED, Actor.MODERATOR)
    assert worker.begin() == [rejected]
    assert worker.current
    assert b'"supersedes":[]' in worker.current.messages[0].body


def test_backoff_is_kept_and_one_probe_at_a_time_sent(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(ROUND + 5)
    assert len(worker.begin()) == ROUND
    assert worker.go_on(DOWN) == []
    probes = [[events[0]]] * 2 + [[events[0], event] for event in events[ROUND:]]
    for failures, seconds in enumerate([5, 60, 300, 1800, 3600, 3600], start=1):
        row = outbox.read(endpoint)
        assert row.failures == failures
        assert row.next_attempt_at
        least, most = between(seconds, seconds * 1.2)
        wait = row.next_attempt_at - now()
        assert least <= wait <= most
        now.advance(wait.total_seconds() - 0.001)
        assert worker.lease() == []
        now.advance(0.001)
        # With one that was tried least: the first might be what the receiver cannot stand.
        assert worker.begin() == probes.pop(0)
        assert worker.go_on(Refused(500)) == []
    assert outbox.read(endpoint).failing_since


def test_any_2xx_releases_what_waits_oldest_first(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(5)
    assert worker.begin() == events
    assert worker.go_on(DOWN) == []
    later = outbox.approve(1)
    now.advance(6)
    assert worker.begin() == [events[0]]
    assert worker.go_on(OK) == [*events[1:], *later]
    row = outbox.read(endpoint)
    assert (row.failures, row.failing_since, row.next_attempt_at) == (0, None, None)
    assert worker.go_on(OK) == []


def test_a_message_refused_while_others_pass_holds_nobody_up(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    (bad, *_) = outbox.approve(3)
    worker.begin()
    assert worker.go_on(Refused(422), OK) == []
    (row,) = outbox.waiting(endpoint)
    assert (row.attempts, row.refusals) == (1, 1)
    assert outbox.read(endpoint).failures == 0
    good = outbox.approve(2)
    assert worker.begin() == good
    assert worker.go_on(OK) == []
    now.advance(6)
    assert worker.begin() == [bad]
    assert worker.go_on(Refused(422)) == []
    assert outbox.read(endpoint).failures == 0
    now.advance(timedelta(days=5).total_seconds())
    assert worker.begin() == [bad]
    with capture_logs():
        assert worker.go_on(Refused(422)) == []
    (row,) = outbox.waiting(endpoint)
    assert row.failed_at == now()
    assert worker.lease() == []
    assert [one.attempt for one in outbox.deliveries(endpoint) if one.event_id == bad] == [1, 2, 3]


def test_a_refused_message_holds_up_its_own_comment_until_a_later_state(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    outbox.endpoint(URL)
    first, second = outbox.comments(2)
    approved, other = outbox.decide(first), outbox.decide(second)
    assert worker.begin() == [approved, other]
    assert worker.go_on(Refused(500), OK) == []
    reported = outbox.report(first)
    assert worker.begin() == []
    flagged = outbox.decide(first, State.FLAGGED)
    assert worker.begin() == [reported]
    assert worker.go_on(OK) == [flagged]
    assert worker.go_on(OK) == []


@pytest.mark.parametrize(
    ("outcome", "reason"), [(Gone(), DisabledReason.GONE), (DOWN, DisabledReason.FAILING)]
)
def test_an_endpoint_is_disabled_with_an_event_and_a_log(
    outbox: Outbox,
    worker: Worker,
    now: FrozenClock,
    outcome: Outcome,
    reason: DisabledReason,
) -> None:
    endpoint = outbox.endpoint(URL)
    event, *_ = outbox.approve(2)
    if reason is DisabledReason.FAILING:
        outbox.change(
            endpoint, failures=124, failing_since=now() - timedelta(days=5), next_attempt_at=now()
        )
    assert event in worker.begin()
    with capture_logs() as logs:
        assert worker.go_on(outcome) == []
    row = outbox.read(endpoint)
    assert (row.disabled_at, row.disabled_reason, row.lease) == (now(), reason, None)
    assert [(one["event"], one["log_level"], one["reason"]) for one in logs] == [
        ("webhook_disabled", "error", reason)
    ]
    (told,) = outbox.events(EventType.WEBHOOK_DISABLED)
    assert told.facts == {"endpoint": {"id": str(endpoint)}, "reason": reason}
    now.advance(10**7)
    assert worker.lease() == []
    assert len(outbox.waiting(endpoint)) == 2


def test_once_enabled_again_nothing_is_lost_by_one_more_failure(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(2)
    worker.begin()
    assert worker.go_on(DOWN) == []
    now.advance(timedelta(days=6).total_seconds())
    outbox.change(endpoint, failures=0, failing_since=None, next_attempt_at=None)
    assert worker.begin() == events
    assert worker.go_on(Refused(503)) == []
    assert [row.failed_at for row in outbox.waiting(endpoint)] == [None, None]


def test_retry_after_is_kept_and_honoured(outbox: Outbox, worker: Worker, now: FrozenClock) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(2)
    assert worker.begin() == events
    assert worker.go_on(OK, Refused(429, timedelta(seconds=90))) == []
    assert outbox.read(endpoint).next_attempt_at == now() + timedelta(seconds=90)
    now.advance(89)
    assert worker.lease() == []
    now.advance(1)
    assert worker.begin() == events[1:]
    assert worker.go_on(Refused(503, timedelta(days=30))) == []
    assert outbox.read(endpoint).next_attempt_at == now() + timedelta(days=1)
    now.advance(timedelta(days=1).total_seconds())
    assert worker.begin() == events[1:]


def test_a_worker_that_died_is_followed_by_another(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(2)
    assert worker.begin() == events
    other = Worker(outbox)
    now.advance(LEASE.total_seconds() - 1)
    assert other.lease() == []
    now.advance(1)
    assert other.begin() == events
    lease = outbox.read(endpoint).lease
    # The first one was only slow: what it knows is kept, but it may not go on.
    assert worker.go_on(OK, DOWN) == []
    assert outbox.read(endpoint).lease == lease
    assert [row.event_id for row in outbox.deliveries(endpoint)] == events
    assert other.go_on(OK) == []
    assert outbox.waiting(endpoint) == []
    assert outbox.read(endpoint).failures == 0


def test_an_endpoint_belongs_to_one_worker(outbox: Outbox, worker: Worker) -> None:
    outbox.endpoint(URL)
    outbox.endpoint(URL)
    outbox.approve(1)
    assert len(worker.lease(limit=1)) == 1
    assert len(Worker(outbox).lease()) == 1
    assert Worker(outbox).lease() == []


def test_those_that_fare_well_are_leased_first(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    for _ in range(3):
        outbox.endpoint(URL, failures=1, failing_since=now(), next_attempt_at=now())
    well = outbox.endpoint(URL)
    outbox.approve(1)
    assert [leased.endpoint_id for leased in worker.lease(limit=1)] == [well]


@pytest.mark.parametrize("rate", [1, 3, ROUND - 1, ROUND, 1000])
def test_a_round_is_of_at_most_what_the_rate_lets_through(
    outbox: Outbox, worker: Worker, rate: int
) -> None:
    outbox.endpoint(URL, rate=rate)
    events = outbox.approve(ROUND + 1)
    assert worker.begin() == events[: min(rate, ROUND)]
    assert worker.current
    assert worker.current.rate == rate
    assert worker.go_on(OK) == events[min(rate, ROUND) :][: min(rate, ROUND)]


def test_a_site_sends_to_its_own_receivers_alone(outbox: Outbox, worker: Worker) -> None:
    other = Outbox(outbox.database, add_site(outbox.database, "blatt"), new_secret())
    other.endpoint(URL)
    outbox.approve(2)
    assert worker.lease() == []


def test_an_endpoint_that_was_deleted_meanwhile_is_let_go(outbox: Outbox, worker: Worker) -> None:
    endpoint = outbox.endpoint(URL)
    outbox.approve(1)
    worker.begin()
    with outbox.database.write() as session:
        for row in outbox.waiting(endpoint):
            session.delete(row)
        session.flush()
        session.delete(outbox.read(endpoint))
    assert worker.go_on(OK) == []


@pytest.mark.parametrize("outcome", [Gone(), DOWN])
def test_failures_at_an_address_that_was_changed_tell_nothing_of_the_new_one(
    outbox: Outbox, worker: Worker, outcome: Outcome
) -> None:
    endpoint = outbox.endpoint(URL)
    events = outbox.approve(3)
    worker.begin()
    outbox.change(endpoint, url="https://new.test/hook")
    assert worker.go_on(OK, outcome) == events[1:]
    assert worker.current
    assert worker.current.url == "https://new.test/hook"
    row = outbox.read(endpoint)
    assert (row.failures, row.disabled_at) == (0, None)
    assert {one.url for one in outbox.deliveries(endpoint)} == {URL}


def test_a_clock_that_was_set_back_keeps_nobody_waiting(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    outbox.endpoint(URL)
    bad, _ = outbox.approve(2)
    worker.begin()
    assert worker.go_on(Refused(500), OK) == []
    now.advance(-timedelta(days=300).total_seconds())
    assert worker.begin() == [bad]
    later = outbox.approve(1)
    assert worker.go_on(DOWN) == []
    now.advance(-timedelta(days=300).total_seconds())
    assert worker.begin() == [bad, *later]
