"""A lack of descriptors: prevented where it can be, and blamed on no receiver."""

import itertools
import os
import resource
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import anyio
import psutil
import pytest
from structlog.testing import capture_logs

from service.domain.deliveries import Delivered
from service.ids import new_id
from service.webhooks.secrets import new_secret
from tests.support.outbox import Outbox
from tests.support.stack import Stack, wait_until
from tests.workers.delivery.receivers import Receiver, raw
from tests.workers.delivery.running import OK, Receive, Running, sent, until
from workers.delivery import loop
from workers.delivery.rounds import ROUND
from workers.delivery.safe_http import GuardedBackend, connection_pool
from workers.delivery.sending import Attempt, NoDescriptorError, send
from workers.delivery.sockets import MAX_ENDPOINTS, RESERVED, per_endpoint

LOCAL = [ip_network("127.0.0.0/8")]


@contextmanager
def none_left() -> Iterator[None]:
    """Let this process open nothing more, until the block is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def limit(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))


@pytest.mark.parametrize(
    ("soft", "share"),
    [(20_000, ROUND), (resource.RLIM_INFINITY, ROUND), (1_024, 7), (300, 1), (64, 1)],
)
def test_each_endpoint_has_its_share(
    monkeypatch: pytest.MonkeyPatch, soft: int, share: int
) -> None:
    limit(monkeypatch, soft)
    assert per_endpoint(ROUND) == share


@pytest.mark.parametrize("soft", range(RESERVED + MAX_ENDPOINTS, 2_500, 97))
def test_all_endpoints_together_leave_enough_for_all_else(
    monkeypatch: pytest.MonkeyPatch, soft: int
) -> None:
    limit(monkeypatch, soft)
    assert MAX_ENDPOINTS * per_endpoint(ROUND) <= soft - RESERVED


def test_no_more_is_under_way_to_a_slow_endpoint_than_its_share(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 1_024)
    monkeypatch.setattr(loop, "FINISH_SECONDS", 0.05)
    hanging, living = receive(raw(b"", hang=True)), receive(OK)
    outbox.endpoint(hanging.url())
    lives = outbox.endpoint(living.url())
    events = outbox.approve(ROUND)
    with Running(outbox):
        until(lambda: len(hanging.requests) == 7 and not outbox.waiting(lives))
    assert len(hanging.requests) == 7
    assert sorted(sent(living)) == sorted(events)


def test_a_lack_of_descriptors_is_told_as_such() -> None:
    async def run() -> None:
        async with Receiver(OK) as receiver:
            backend = GuardedBackend(LOCAL, tls=False, resolve=resolve)
            async with connection_pool(backend, ssl.create_default_context()) as pool:
                message = receiver.url(), new_id(), b"{}", [new_secret()]
                with none_left(), pytest.raises(NoDescriptorError):
                    await send(pool, *message)
                attempt = await send(pool, *message)
                assert attempt.outcome == Delivered(200)
                assert len(receiver.requests) == 1

    anyio.run(run)


async def resolve(host: str, _: int) -> Sequence[str]:
    return [host]


def test_a_lack_of_descriptors_is_nobody_s_failure_and_tried_again(
    outbox: Outbox, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()

    async def lacking(*message: Any) -> Attempt:
        if next(calls) < 2:
            raise NoDescriptorError
        return await send(*message)

    monkeypatch.setattr(loop, "send", lacking)
    monkeypatch.setattr(loop, "DESCRIPTOR_PAUSE", 0.01)
    receiver = receive(OK)
    endpoint = outbox.endpoint(receiver.url())
    events = outbox.approve(3)
    with capture_logs() as logs:
        outbox.deliver()
    assert sorted(sent(receiver)) == sorted(events)
    assert {delivery.outcome for delivery in outbox.deliveries(endpoint)} == {"delivered"}
    assert len(outbox.deliveries(endpoint)) == 3
    assert outbox.read(endpoint).failing_since is None
    assert [entry["event"] for entry in logs] == ["descriptors_spent"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_workers_take_as_many_descriptors_as_they_may(stack: Stack) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        workers = [stack.start(kind) for kind in ("score", "io")]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for worker in workers:
        process = psutil.Process(worker.process.pid)
        wait_until(lambda process=process: process.rlimit(psutil.RLIMIT_NOFILE)[0] > 512)  # type: ignore[misc]  # the loop's own
