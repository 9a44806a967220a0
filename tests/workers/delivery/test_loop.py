"""Delivering over real sockets, on both databases."""

import asyncio
import random
from asyncio import StreamWriter
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from service.domain.events import EventType
from service.domain.states import Actor, State
from service.testing.rows import FrozenClock
from tests.support.outbox import Outbox
from tests.workers.delivery.certificates import LOOPBACK, Authority
from tests.workers.delivery.receivers import Answer, answer, raw
from tests.workers.delivery.running import OK, Receive, Running, sent, until
from workers.delivery import loop, rounds
from workers.delivery.rounds import ROUND


def test_everything_arrives_signed_and_in_order_per_comment(
    outbox: Outbox, receive: Receive
) -> None:
    async def dawdle(writer: StreamWriter) -> None:
        await asyncio.sleep(random.random() / 100)  # noqa: S311 - no secret
        await OK(writer)

    receiver = receive(dawdle)
    endpoint = outbox.endpoint(receiver.url())
    comments = outbox.comments(ROUND + 4)
    expected: dict[UUID, list[UUID]] = {comment: [] for comment in comments}
    for act in (outbox.report, outbox.decide, outbox.report):
        for comment in comments:
            expected[comment].append(act(comment))
    outbox.deliver()
    arrived: dict[UUID, list[UUID]] = {comment: [] for comment in comments}
    for request in receiver.requests:
        request.verify(outbox.secret)
        arrived[UUID(request.data["comment"]["id"])].append(UUID(request.id))
    assert arrived == expected
    sequences = sorted(request.data["sequence"] for request in receiver.requests)
    assert sequences == list(range(1, 3 * len(comments) + 1))
    assert outbox.waiting(endpoint) == []
    assert {one.outcome for one in outbox.deliveries(endpoint)} == {"delivered"}


def test_a_receiver_that_hangs_or_is_away_delays_no_other(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FINISH_SECONDS", 0.05)
    hanging, living = receive(raw(b"", hang=True)), receive(OK)
    away = outbox.endpoint("http://127.0.0.1:1023/")
    hangs = outbox.endpoint(hanging.url())
    lives = outbox.endpoint(living.url())
    events = outbox.approve(2 * ROUND)
    with Running(outbox):
        until(lambda: len(hanging.requests) == ROUND and not outbox.waiting(lives))
        until(lambda: outbox.read(away).failures > 0)
        later = outbox.approve(3)
        until(lambda: len(living.requests) == len(events) + len(later))
        assert outbox.deliveries(hangs) == []
        assert outbox.read(hangs).lease
    assert sorted(sent(living)) == sorted([*events, *later])
    assert outbox.read(hangs).lease is None
    assert len(outbox.waiting(hangs)) == len(events)


def test_a_rejection_never_waits_behind_an_old_approval(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    receiver = receive(answer(500))
    outbox.endpoint(receiver.url())
    (comment,) = outbox.comments(1)
    approved = outbox.decide(comment)
    outbox.deliver()
    flagged = outbox.decide(comment, State.FLAGGED)
    rejected = outbox.decide(comment, State.REJECTED, Actor.MODERATOR)
    receiver.answer = OK
    now.advance(10)
    outbox.deliver()
    assert sent(receiver) == [approved, rejected]
    assert receiver.requests[-1].data["comment"]["state"] == "rejected"
    assert receiver.requests[-1].data["supersedes"] == [str(approved), str(flagged)]


def test_backoff_is_honoured_and_any_2xx_releases_what_waits(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    receiver = receive(answer(503))
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(3)
    outbox.deliver()
    assert sorted(sent(receiver)) == events
    for wait, size in ((6, 1), (72, 1), (360, 2), (2160, 2), (4320, 2)):
        probes = len(receiver.requests)
        outbox.deliver()
        assert len(receiver.requests) == probes
        now.advance(wait)
        outbox.deliver()
        assert len(receiver.requests) == probes + size
    receiver.answer = OK
    probes = len(receiver.requests)
    now.advance(4320)
    outbox.deliver()
    assert sorted(sent(receiver)[probes:]) == events
    assert outbox.waiting(endpoint) == []


def test_what_waits_is_released_oldest_first(
    outbox: Outbox, receive: Receive, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ROUND", 1)
    receiver = receive(answer(500))
    outbox.endpoint(receiver.url())
    events = outbox.approve(4)
    outbox.deliver()
    receiver.answer = OK
    now.advance(6)
    outbox.deliver()
    assert sent(receiver) == [events[0], *events]


def test_a_message_that_a_receiver_cannot_stand_holds_up_nothing_else(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(ROUND)
    bad = str(events[3])

    async def choke(writer: StreamWriter) -> None:
        await answer(500 if receiver.requests[-1].id == bad else 200)(writer)

    receiver.answer = choke
    outbox.deliver()
    assert len(outbox.waiting(endpoint)) == 1
    later = outbox.approve(2)
    outbox.deliver()
    assert set(sent(receiver)) == {*events, *later}
    assert [str(row.event_id) for row in outbox.deliveries(endpoint) if row.status == 500] == [bad]
    receiver.answer = OK
    now.advance(6)
    outbox.deliver()
    assert outbox.waiting(endpoint) == []


@pytest.mark.parametrize("probes", [0, 1, 7])
def test_what_waits_behind_an_outage_arrives_oldest_first(
    outbox: Outbox, receive: Receive, now: FrozenClock, probes: int
) -> None:
    receiver = receive(answer(500))
    endpoint = outbox.endpoint(receiver.url())
    first = outbox.approve(1)
    outbox.deliver()
    second = outbox.approve(1)
    for _ in range(probes):
        now.advance(4320)
        outbox.deliver()
    tried = len(receiver.requests)
    receiver.answer = OK
    now.advance(4320)
    outbox.deliver()
    assert sent(receiver)[tried:] == [*first, *second]
    assert outbox.waiting(endpoint) == []


@pytest.mark.parametrize("refuse", [answer(422), raw(b"", close=True)], ids=["422", "closed"])
def test_one_that_is_never_taken_does_not_hide_the_recovery(
    outbox: Outbox, receive: Receive, now: FrozenClock, refuse: Answer
) -> None:
    receiver = receive(answer(500))
    endpoint = outbox.endpoint(receiver.url())
    (bad,) = outbox.approve(1)
    outbox.deliver()
    good = outbox.approve(1)
    now.advance(6)
    outbox.deliver()

    async def refuse_one(writer: StreamWriter) -> None:
        is_bad = receiver.requests[-1].id == str(bad)
        await (refuse if is_bad else OK)(writer)

    receiver.answer = refuse_one
    for wait in (72, 360):
        now.advance(wait)
        outbox.deliver()
    assert [row.sequence for row in outbox.waiting(endpoint)] == [1]
    assert sent(receiver)[-1:] == good
    assert outbox.read(endpoint).failures == 0


def test_a_receiver_that_asks_for_a_pause_is_sent_one_probe(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    receiver = receive(answer(503, retry_after="60"))
    outbox.endpoint(receiver.url())
    outbox.approve(2)
    for probe in range(6):
        outbox.deliver()
        assert len(receiver.requests) == 2 + probe
        now.advance(61)


def test_410_disables_and_others_are_told(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    gone, living = receive(answer(410, b"no longer")), receive(OK)
    left = outbox.endpoint(gone.url())
    outbox.endpoint(living.url(), events=[EventType.WEBHOOK_DISABLED])
    events = outbox.approve(1)
    with capture_logs() as logs:
        outbox.deliver()
    assert [entry["event"] for entry in logs] == ["webhook_disabled"]
    outbox.approve(1)
    now.advance(10**6)
    outbox.deliver()
    assert sent(gone) == events
    assert [request.data["endpoint"]["id"] for request in living.requests] == [str(left)]
    assert living.requests[0].data["reason"] == "gone"


def test_retry_after_is_honoured(outbox: Outbox, receive: Receive, now: FrozenClock) -> None:
    receiver = receive(answer(429, retry_after="120"))
    outbox.endpoint(receiver.url())
    (event,) = outbox.approve(1)
    outbox.deliver()
    receiver.answer = OK
    now.advance(119)
    outbox.deliver()
    assert sent(receiver) == [event]
    now.advance(1)
    outbox.deliver()
    assert sent(receiver) == [event, event]


def test_an_answer_that_cannot_be_read_repeats_no_message_but_its_own(
    outbox: Outbox, receive: Receive, now: FrozenClock
) -> None:
    unreadable = answer(503, retry_after="Sun, 06 Nov 1994 08:49:37 -99999999999999999999")
    answers = iter([unreadable, *[OK] * 4])

    async def reply(writer: StreamWriter) -> None:
        await next(answers)(writer)

    receiver = receive(reply)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(4)
    outbox.deliver()
    assert sorted(sent(receiver)) == events
    assert sorted(row.outcome for row in outbox.deliveries(endpoint)) == [
        *["delivered"] * 3,
        "refused",
    ]
    assert outbox.read(endpoint).lease is None
    refused = sent(receiver)[0]
    now.advance(7)
    outbox.deliver()
    assert sent(receiver)[4:] == [refused]
    assert outbox.waiting(endpoint) == []


def test_a_paced_endpoint_gets_all(outbox: Outbox, receive: Receive) -> None:
    receiver = receive(OK)
    outbox.endpoint(receiver.url(), rate=5)
    events = outbox.approve(ROUND + 1)
    outbox.deliver()
    assert sent(receiver) == events


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Kurz & <b>bündig</b>", {"body": "Kurz & <b>bündig</b>", "body_omitted": False}),
        ("ü" * 10_000, {"body": None, "body_omitted": True}),
    ],
    ids=["short", "long"],
)
def test_the_text_is_sent_where_it_was_asked_for_and_fits(
    outbox: Outbox, receive: Receive, body: str, shown: dict[str, object]
) -> None:
    with_text, without = receive(OK), receive(OK)
    outbox.endpoint(with_text.url(), include_body=True)
    outbox.endpoint(without.url())
    (comment,) = outbox.comments(1, body)
    outbox.decide(comment)
    outbox.deliver()
    (request,) = with_text.requests
    assert shown.items() <= request.data["comment"].items()
    assert len(request.body) <= 20_000
    (request,) = without.requests
    assert "body" not in request.data["comment"]
    assert "body_omitted" not in request.data["comment"]


def test_the_answer_is_recorded(outbox: Outbox, receive: Receive) -> None:
    receiver = receive(answer(500, b"\x00 <b>oops</b>"))
    endpoint = outbox.endpoint(receiver.url())
    (event,) = outbox.approve(1)
    outbox.deliver()
    (row,) = outbox.deliveries(endpoint)
    assert (row.event_id, row.outcome, row.status) == (event, "refused", 500)
    assert (row.url, row.size) == (receiver.url(), len(receiver.requests[0].body))
    assert row.response == "\ufffd <b>oops</b>"


def test_addresses_that_must_not_be_reached_are_recorded_as_blocked(outbox: Outbox) -> None:
    urls = [
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "http://[::ffff:a00:1]/",
        "http://8.8.8.8/",
    ]
    endpoints = [outbox.endpoint(url) for url in urls]
    outbox.approve(1)
    outbox.deliver()
    for endpoint in endpoints:
        assert [row.outcome for row in outbox.deliveries(endpoint)] == ["blocked"]
        assert outbox.read(endpoint).failures == 1


def test_an_address_that_changes_meanwhile_is_judged_anew(
    outbox: Outbox, receive: Receive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be reached with TLS must not be without, though it changes between two rounds."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    receiver = receive(OK, authority.server(LOOPBACK))
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(ROUND + 1)

    async def move(writer: StreamWriter) -> None:
        outbox.change(endpoint, url="http://8.8.8.8/")
        await OK(writer)

    receiver.answer = move
    outbox.deliver()
    assert sorted(sent(receiver)) == events[:ROUND]
    assert [row.outcome for row in outbox.deliveries(endpoint)] == ["delivered"] * ROUND + [
        "blocked"
    ]
