"""One attempt, against receivers on real sockets that answer well, badly or not at all."""

import asyncio
import json
import socket
import ssl
from asyncio import StreamWriter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from service import clock
from service.domain.deliveries import Cause, Delivered, Gone, Outcome, Refused, Unreached
from service.ids import new_id
from service.testing.rows import frozen_clock
from service.webhooks.secrets import new_secret
from tests.workers.delivery.certificates import DAY, LOOPBACK, Authority
from tests.workers.delivery.receivers import Answer, Receiver, Request, answer, endless, raw
from workers.delivery import sending
from workers.delivery.safe_http import GuardedBackend, connection_pool
from workers.delivery.sending import MAX_KEPT, Attempt, retry_after, send

BODY = json.dumps({"type": "comment.approved", "data": {"ü": "ß"}}).encode()
ID = new_id()
SECRET = new_secret()
LOCAL = [ip_network("127.0.0.0/8")]
PLAIN = ssl.create_default_context()
OK = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
UNREADABLE = "Sun, 06 Nov 1994 08:49:37 -99999999999999999999"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


async def resolve(host: str, _: int) -> Sequence[str]:
    return ["127.0.0.1"] if host == "receiver.test" else [host]


async def send_all(
    receiver: Receiver,
    *,
    host: str = "127.0.0.1",
    trust: ssl.SSLContext = PLAIN,
    secrets: Sequence[str] = (SECRET,),
    ids: Sequence[UUID] = (ID,),
) -> list[Attempt]:
    url = receiver.url(host)
    backend = GuardedBackend(LOCAL, tls=url.startswith("https"), resolve=resolve)
    async with connection_pool(backend, trust) as pool:
        return [await send(pool, url, one, BODY, secrets) for one in ids]


def deliver(
    reply: Answer,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    trust: ssl.SSLContext = PLAIN,
    secrets: Sequence[str] = (SECRET,),
) -> tuple[Attempt, list[Request]]:
    """Send once to a receiver of its own."""

    async def run() -> tuple[Attempt, list[Request]]:
        async with Receiver(reply, tls) as receiver:
            (attempt,) = await send_all(receiver, host=host, trust=trust, secrets=secrets)
        return attempt, receiver.requests

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (answer(200, b"ok"), Delivered(200)),
        (answer(202), Delivered(202)),
        (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), Delivered(204)),
        (raw(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", close=True), Delivered(200)),
        (raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 Ok\r\n\r\n"), Delivered(204)),
        (answer(299), Delivered(299)),
        (answer(300), Refused(300)),
        (answer(304), Refused(304)),
        (answer(400, b"bad"), Refused(400)),
        (answer(401), Refused(401)),
        (answer(404), Refused(404)),
        (answer(500, b"oops"), Refused(500)),
        (answer(502), Refused(502)),
        (answer(500, retry_after="7"), Refused(500)),
        (answer(410), Gone()),
        (answer(410, retry_after="7"), Gone()),
        (answer(429), Refused(429)),
        (answer(429, retry_after="120"), Refused(429, timedelta(seconds=120))),
        (answer(503, Retry_After="0"), Refused(503, timedelta(0))),
        (answer(503, retry_after=" 9 "), Refused(503, timedelta(seconds=9))),
        (answer(503, retry_after="soon"), Refused(503)),
        (answer(503, retry_after="-5"), Refused(503)),
        (answer(503, retry_after=""), Refused(503)),
        (answer(503, retry_after=UNREADABLE), Refused(503)),
    ],
)
def test_the_status_decides(reply: Answer, outcome: Outcome) -> None:
    attempt, requests = deliver(reply)
    assert attempt.outcome == outcome
    assert not isinstance(outcome, Unreached)
    assert attempt.status == outcome.status
    assert len(requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_failures_and_not_followed(status: int) -> None:
    async def run() -> None:
        async with Receiver(answer(200)) as target:
            reply = answer(status, location=target.url())
            async with Receiver(reply) as receiver:
                (attempt,) = await send_all(receiver)
        assert attempt.outcome == Refused(status)
        assert len(receiver.requests) == 1
        assert target.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("date", "pause"),
    [
        ("Thu, 26 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Thu, 26 Nov 2026 14:10:00 +0200", timedelta(minutes=10)),
        ("Thursday, 26-Nov-26 12:10:00 GMT", timedelta(minutes=10)),
        ("Thu Nov 26 12:10:00 2026", timedelta(minutes=10)),
        ("Thu, 26 Nov 2026 11:00:00 GMT", timedelta(0)),
    ],
)
def test_a_date_to_retry_after_is_honoured(status: int, date: str, pause: timedelta) -> None:
    with frozen_clock(datetime(2026, 11, 26, 12, tzinfo=UTC)):
        attempt, _ = deliver(answer(status, retry_after=date))
    assert attempt.outcome == Refused(status, pause)


def test_digits_beyond_all_bounds_are_a_long_pause() -> None:
    attempt, _ = deliver(answer(429, retry_after="9" * 5000))
    assert isinstance(attempt.outcome, Refused)
    assert attempt.outcome.retry_after
    assert attempt.outcome.retry_after > timedelta(days=365)


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[0-9]{1,30}", fullmatch=True),
        st.from_regex(
            r"(Mon|Thu), [0-9]{1,3} (Jan|Nov) [0-9]{1,6} [0-9]{1,2}:[0-9]{2}:[0-9]{2} "
            r"(GMT|[+-][0-9]{1,25})",
            fullmatch=True,
        ),
    )
)
@example(UNREADABLE)
def test_no_wish_to_wait_is_beyond_reading(value: str) -> None:
    pause = retry_after(value, clock.now())
    assert pause is None or pause >= timedelta(0)


@pytest.mark.parametrize("failing", ["_post", "_headers", "_outcome"])
def test_an_error_that_nobody_has_thought_of_is_the_messages_own(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a text that nobody may log")

    monkeypatch.setattr(sending, failing, fail)
    with capture_logs() as logs:
        attempt, _ = deliver(answer(204))
    assert attempt.outcome == Unreached(Cause.PROTOCOL)
    (entry,) = logs
    assert (entry["event"], entry["error"]) == ("delivery_unexpected", "ZeroDivisionError")
    assert "text" not in str(entry)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (raw(b"", close=True), Cause.PROTOCOL),
        (raw(b"HTTP/1.1 200", close=True), Cause.PROTOCOL),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-type: te", close=True), Cause.PROTOCOL),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n", close=True), Cause.PROTOCOL),
        (raw(b"-ERR unknown command\r\n\r\n", close=True), Cause.PROTOCOL),
        (raw(b"\x00\xff\xfe" * 500, close=True), Cause.PROTOCOL),
        (raw(b"HTTP/1.1 9999 No\r\n\r\n", close=True), Cause.PROTOCOL),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", close=True), Cause.PROTOCOL),
        (endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 500, 1000), Cause.PROTOCOL),
        (endless(b"", b"x" * 1000, 1000), Cause.PROTOCOL),
    ],
)
def test_what_is_no_http_is_a_failure(reply: Answer, cause: Cause) -> None:
    attempt, _ = deliver(reply)
    assert attempt.outcome == Unreached(cause)
    assert (attempt.status, attempt.response) == (None, None)


def test_hanging_before_the_status_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.05)
    for reply in (raw(b"", hang=True), raw(b"HTTP/1.1 200 OK\r\ncontent-", hang=True)):
        attempt, requests = deliver(reply)
        assert attempt.outcome == Unreached(Cause.TIMEOUT)
        assert len(requests) == 1


def test_an_answer_may_take_all_the_time_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sending.TOTAL_SECONDS >= 15
    monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.2)

    async def late(writer: StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await answer(204)(writer)

    attempt, _ = deliver(late)
    assert attempt.outcome == Delivered(204)


@pytest.mark.parametrize(
    ("start", "chunk"), [(b"HTTP/1.1 200 OK\r\nx: ", b"y"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")]
)
def test_a_dribble_of_headers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, start: bytes, chunk: bytes
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.2)
    attempt, _ = deliver(endless(start, chunk, 1000, pause=0.01))
    assert attempt.outcome == Unreached(Cause.TIMEOUT)


def test_answers_without_end_or_pause_leave_time_to_notice_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.2)
    attempt, _ = deliver(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 10**6))
    assert attempt.outcome == Unreached(Cause.TIMEOUT)


@pytest.mark.parametrize(
    "start", [OK.replace("10", str(10**8)).encode(), OK.encode() * 0 + CHUNKED]
)
def test_100_mb_are_read_up_to_the_cap_alone(start: bytes) -> None:
    chunk, sent = b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0

    async def write(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(start)
        while sent < 10**8:
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)

    attempt, _ = deliver(write)
    assert attempt.outcome == Delivered(200)
    assert attempt.response is not None
    assert len(attempt.response) == MAX_KEPT
    # What went out lay in the buffers between the two, which hold a few MB.
    assert sent < 10**8 / 4


@pytest.mark.parametrize(
    ("reply", "response"),
    [
        (raw(OK.encode(), hang=True), ""),
        (raw(f"{OK}half".encode(), hang=True), "half"),
        (raw(f"{OK}half".encode(), close=True), "half"),
        (raw(CHUNKED + b"4\r\nhalf\r\n", close=True), "half"),
        (raw(CHUNKED + b"4\r\nhalf\r\nnonsense\r\n"), "half"),
    ],
)
def test_trouble_after_a_2xx_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, reply: Answer, response: str
) -> None:
    monkeypatch.setattr(sending, "HEAD_SECONDS", 0.1)
    attempt, _ = deliver(reply)
    assert (attempt.outcome, attempt.response) == (Delivered(200), response)


def test_a_status_counts_though_its_body_takes_longer_than_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.4)
    monkeypatch.setattr(sending, "HEAD_SECONDS", 0.6)
    attempt, _ = deliver(endless(OK.replace("10", "999").encode(), b"x", 999, pause=0.05))
    assert attempt.outcome == Delivered(200)
    assert attempt.response


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (
            b"nul\x00 escape\x1b[31m bell\x07 delete\x7f",
            "nul\ufffd escape\ufffd[31m bell\ufffd delete\ufffd",
        ),
        (b"tab\t line\n", "tab\t line\n"),
        ("grün \u202eredro\u200b \U0001f600".encode(), "grün \ufffdredro\ufffd \U0001f600"),
        (b"\xff\xfe broken \xc3", "\ufffd\ufffd broken \ufffd"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("ß".encode() * 5000, "ß" * MAX_KEPT),
        (b"", ""),
    ],
)
def test_the_answer_is_kept_as_text_and_short(body: bytes, kept: str) -> None:
    attempt, _ = deliver(answer(500, body))
    assert attempt.response == kept


def test_requests_are_signed_and_say_what_they_are() -> None:
    with frozen_clock() as now:
        _, (request,) = deliver(answer(200))
    assert request.line == "POST /hook HTTP/1.1"
    assert request.verify(SECRET) == json.loads(BODY)
    assert request.body == BODY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "Netiquette"
    assert request.id == str(ID)
    assert request.headers["webhook-timestamp"] == str(int(now().timestamp()))
    assert request.headers["webhook-signature"].startswith("v1,")
    with pytest.raises(WebhookVerificationError):
        request.verify(new_secret())


def test_both_secrets_sign_during_rotation() -> None:
    new, old = new_secret(), new_secret()
    _, (request,) = deliver(answer(200), secrets=[new, old])
    assert request.headers["webhook-signature"].count(" ") == 1
    for secret in (new, old):
        assert request.verify(secret) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        request.verify(SECRET)


def test_attempts_share_a_connection_until_it_is_closed() -> None:
    ids = [new_id() for _ in range(3)]

    async def run() -> None:
        async with Receiver(answer(200)) as receiver:
            attempts = await send_all(receiver, ids=ids)
        assert [attempt.outcome for attempt in attempts] == [Delivered(200)] * 3
        assert [request.id for request in receiver.requests] == [str(one) for one in ids]
        assert receiver.connections == 1
        async with Receiver(raw(OK.encode(), close=True)) as receiver:
            attempts = await send_all(receiver, ids=ids)
        assert [attempt.outcome for attempt in attempts] == [Delivered(200)] * 3
        assert receiver.connections == 3

    asyncio.run(run())


def test_a_refused_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    (attempt,) = asyncio.run(send_all(Receiver(answer(200), port=port)))
    assert attempt.outcome == Unreached(Cause.CONNECTION)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("name", "host"),
    [(LOOPBACK, "127.0.0.1"), (x509.DNSName("receiver.test"), "receiver.test")],
)
def test_a_good_certificate_is_trusted(
    authority: Authority, name: x509.GeneralName, host: str
) -> None:
    attempt, (request,) = deliver(
        answer(200), tls=authority.server(name), host=host, trust=authority.trusting()
    )
    assert attempt.outcome == Delivered(200)
    assert request.verify(SECRET)


@pytest.mark.parametrize(
    ("names", "lasts", "signed", "trusted"),
    [
        (["receiver.test"], DAY, True, False),
        (["receiver.test"], DAY, False, True),
        (["receiver.test"], -DAY, True, True),
        (["other.test"], DAY, True, True),
        (["*.receiver.test", "xreceiver.test"], DAY, True, True),
        ([], DAY, True, True),
    ],
    ids=["unknown authority", "self-signed", "expired", "other name", "like names", "no name"],
)
def test_a_bad_certificate_is_a_failure_and_nothing_is_sent(
    authority: Authority, names: list[str], lasts: timedelta, signed: bool, trusted: bool
) -> None:
    tls = authority.server(*map(x509.DNSName, names), lasts=lasts, signed=signed)
    trust = authority.trusting() if trusted else PLAIN
    attempt, requests = deliver(answer(200), tls=tls, host="receiver.test", trust=trust)
    assert attempt.outcome == Unreached(Cause.TLS)
    assert requests == []


def test_a_name_in_the_certificate_is_not_its_address(authority: Authority) -> None:
    tls = authority.server(x509.DNSName("receiver.test"))
    attempt, requests = deliver(answer(200), tls=tls, trust=authority.trusting())
    assert attempt.outcome == Unreached(Cause.TLS)
    assert requests == []


def test_a_receiver_without_tls_is_no_receiver_with_tls() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.test ESMTP\r\n")
        writer.close()
        await writer.wait_closed()

    async def run() -> Attempt:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            (attempt,) = await send_all(Receiver(answer(200), PLAIN, port=port))
        return attempt

    assert asyncio.run(run()).outcome == Unreached(Cause.TLS)
