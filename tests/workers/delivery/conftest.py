"""Fixtures: a site with decisions to tell, receivers on real sockets, and a clock to move."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ssl import SSLContext

import pytest
from anyio.from_thread import BlockingPortal

from service.db import Database
from service.testing.rows import FrozenClock, SiteRows, frozen_clock
from service.webhooks.secrets import new_secret
from tests.support.outbox import Outbox
from tests.workers.delivery.by_hand import Worker
from tests.workers.delivery.receivers import Answer, Receiver


@pytest.fixture
def outbox(database: Database, rows: SiteRows) -> Outbox:
    """Return the site as it delivers."""
    return Outbox(database, rows, new_secret())


@pytest.fixture
def worker(outbox: Outbox) -> Worker:
    """Return a worker that works an endpoint by hand."""
    return Worker(outbox)


@pytest.fixture
def now() -> Iterator[FrozenClock]:
    """Give a clock that stands still."""
    with frozen_clock() as frozen:
        yield frozen


@pytest.fixture
def receive(portal: BlockingPortal) -> Iterator[Callable[..., Receiver]]:
    """Return what starts a receiver."""
    with ExitStack() as stack:

        def start(answer: Answer, tls: SSLContext | None = None) -> Receiver:
            return stack.enter_context(portal.wrap_async_context_manager(Receiver(answer, tls)))

        yield start
