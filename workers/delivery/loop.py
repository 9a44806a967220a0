"""Deliver until nothing is left to send: one task per endpoint, all in one event loop.

A slow receiver holds up only its own task.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
import structlog
from anyio import CapacityLimiter
from httpcore2 import AsyncConnectionPool
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.db import Database
from service.domain.deliveries import tells_enough
from service.secret_box import SecretBox
from service.settings import Settings
from workers.delivery import leasing, rounds
from workers.delivery.leasing import Leased
from workers.delivery.recording import Done
from workers.delivery.rounds import Round
from workers.delivery.safe_http import GuardedBackend, Resolver, connection_pool
from workers.delivery.sending import NoDescriptorError, send
from workers.delivery.sockets import MAX_ENDPOINTS
from workers.numbering import number_events

LOOK_AGAIN = 1.0
"""Seconds between two looks for work while there is none. A due event waits no longer than this."""

LOOK_SECONDS = 0.2
"""Seconds between two looks for further endpoints with work, while others are delivered to."""

FINISH_SECONDS = 1.5
"""Seconds that requests may go on after the worker was told to end."""

DESCRIPTOR_PAUSE = 1.0
"""Seconds before another try where this process could open no socket."""

DATABASE_THREADS = 8

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


class Delivering:
    """Delivers due events to the receivers of all sites."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._stopping = threading.Event()
        self._tls = ssl.create_default_context()

    def stop(self) -> None:
        """Ask the deliveries to end soon. Any thread or signal handler may call this."""
        self._stopping.set()

    def run_until_stopped(self) -> None:
        """Deliver due events, and look for more each LOOK_AGAIN seconds, until told to end."""
        while not self._stopping.is_set():
            try:
                self.run()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may go well
                log.error("delivery_failed", error=type(error).__name__)  # noqa: TRY400 - a traceback could quote a text
            self._stopping.wait(LOOK_AGAIN)

    def run(self) -> None:
        """Give numbers to due events, and deliver until nothing is left or this is told to end."""
        if self._settings.secret_key is None:
            return
        box = SecretBox(self._settings.secret_key)
        run = _Run(self._database, self._settings, self._tls, box, self._stopping)
        asyncio.run(run.run())


class _Run:
    """One run of deliveries, with the objects that belong to its event loop."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        tls: ssl.SSLContext,
        box: SecretBox,
        stopping: threading.Event,
    ) -> None:
        self._database = database
        self._settings = settings
        self._tls = tls
        self._box = box
        self._stopping = stopping
        self._resolver = Resolver()
        self._threads = CapacityLimiter(DATABASE_THREADS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            for leased in await self._lease():
                self._tasks.add(asyncio.create_task(self._deliver(leased)))
            if not self._tasks:
                return
            await self._wait(LOOK_SECONDS)
        await self._wait(FINISH_SECONDS, asyncio.ALL_COMPLETED)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self, seconds: float, until: str = asyncio.FIRST_COMPLETED) -> None:
        if self._tasks:
            _, self._tasks = await asyncio.wait(self._tasks, timeout=seconds, return_when=until)

    async def _lease(self) -> Sequence[Leased]:
        room = MAX_ENDPOINTS - len(self._tasks)
        return await self._in_thread(partial(self._look, room)) if room else []

    def _look(self, room: int) -> Sequence[Leased]:
        try:
            number_events(self._database, clock.now())
            return leasing.lease_endpoints(self._database, room)
        except SQLAlchemyError as error:
            # Not raised, since that would cancel the requests that are being sent.
            log.warning("delivery_not_looked", error=type(error).__name__)
            return []

    async def _deliver(self, leased: Leased) -> None:
        """Deliver to one endpoint in rounds, until nothing is due or this is told to end."""
        done: Sequence[Done] = ()
        try:
            async with AsyncExitStack() as stack:
                pools: dict[str, AsyncConnectionPool] = {}
                while current := await self._next(leased, done):
                    if self._stopping.is_set():
                        await self._give_back(leased)
                        return
                    # The URL may change between two rounds, and with it what it may reach.
                    if current.url not in pools:
                        pool = await stack.enter_async_context(self._pool(current.url))
                        pools[current.url] = pool
                    done = await _send_all(pools[current.url], current)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await self._give_back(leased)
            raise
        except Exception as error:  # noqa: BLE001 - one endpoint's trouble leaves the others alone
            log.warning(
                "delivery_left", endpoint=str(leased.endpoint_id), error=type(error).__name__
            )

    async def _next(self, leased: Leased, done: Sequence[Done]) -> Round | None:
        return await self._in_thread(
            partial(rounds.next_round, self._database, self._box, leased, done)
        )

    async def _give_back(self, leased: Leased) -> None:
        await self._in_thread(partial(leasing.give_back, self._database, leased))

    def _pool(self, url: str) -> AsyncConnectionPool:
        backend = GuardedBackend(
            self._settings.webhook_networks,
            tls=url.startswith("https:"),
            resolve=self._resolver,
        )
        return connection_pool(backend, self._tls)

    async def _in_thread(self, work: "partial[Result]") -> Result:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


async def _send_all(pool: AsyncConnectionPool, current: Round) -> Sequence[Done]:
    """Send the messages of a round at once, or at the endpoint's pace; a probe's in turn.

    What found no descriptor is left out, and stays due: the endpoint is not to blame.
    """
    if not current.secrets:
        return [Done(current.url, message, rounds.unsigned()) for message in current.messages]
    pace = 1 / current.rate if current.rate else 0.0
    began = asyncio.get_running_loop().time()

    async def one(place: int) -> Done | None:
        message = current.messages[place]
        await asyncio.sleep(place * pace)
        try:
            attempt = await send(pool, current.url, message.event_id, message.body, current.secrets)
        except NoDescriptorError:
            return None
        return Done(current.url, message, attempt)

    if current.is_probe:
        results = await _in_turn(one, len(current.messages))
    else:
        results = await asyncio.gather(*map(one, range(len(current.messages))))
    done = [result for result in results if result]
    if len(done) < len(results):
        log.error("descriptors_spent", hint="Raise the limit of open files (ulimit -n).")
        await asyncio.sleep(DESCRIPTOR_PAUSE)
    rest = began + pace * len(current.messages) - asyncio.get_running_loop().time()
    await asyncio.sleep(max(0.0, rest))
    return done


async def _in_turn(
    one: Callable[[int], Awaitable[Done | None]], count: int
) -> Sequence[Done | None]:
    """Send a probe's messages one by one, until one tells how the receiver fares.

    Every other failure may be due to the message.
    """
    results: list[Done | None] = []
    for place in range(count):
        results.append(done := await one(place))
        if done is None or tells_enough(done.attempt.outcome):
            break
    return results
