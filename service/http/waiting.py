"""Lets callers wait for news without holding a thread or a session (Prefer: wait, RFC 7240).

One task asks the database for all waiting callers together, and runs only while some
wait. See docs/decisions/0003-waiting-polls-the-database.md for why it polls.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

MAX_WAIT = 10
"""Most seconds that a caller may wait."""

POLL_SECONDS = 0.05

Key = TypeVar("Key", bound=Hashable)
"""The type that names what a caller waits for, such as a comment's id."""

log = structlog.get_logger(__name__)


class Waiters(Generic[Key]):
    """The callers in this process that wait for one kind of news."""

    def __init__(self, find: Callable[[list[Key]], Iterable[Key]], limit: int | None) -> None:
        """Let at most `limit` callers wait at once; None sets no limit.

        `limit` is None where the code that calls `wait` limits the callers itself.

        `find` returns those of the keys for which there is news. It runs in a thread. It
        may ask across sites: each key comes from a caller whose access was checked.
        """
        self._find = find
        self._limit = limit
        self._futures: dict[Key, set[asyncio.Future[None]]] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closed = threading.Event()

    async def wait(self, key: Key, seconds: float) -> bool:
        """Return when there is news for the key, after `seconds`, or when closed.

        False means that the caller did not wait, because too many already wait or this is
        closed. True does not say that there is news: the caller asks the database itself.
        """
        if self._closed.is_set() or self._is_full():
            return False
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(key, set()).add(future)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(future, seconds)
        finally:
            self._forget(key, future)
        return True

    def close(self) -> None:
        """Release all waiting callers soon, and let no caller wait from now on.

        Any thread or signal handler may call it.
        """
        self._closed.set()

    def _is_full(self) -> bool:
        return self._limit is not None and sum(map(len, self._futures.values())) >= self._limit

    def _forget(self, key: Key, future: asyncio.Future[None]) -> None:
        futures = self._futures.get(key, set())
        futures.discard(future)
        if not futures:
            self._futures.pop(key, None)

    def _release(self, keys: Iterable[Key]) -> None:
        for key in keys:
            for future in self._futures.get(key, ()):
                if not future.done():
                    future.set_result(None)

    async def _poll(self) -> None:
        while self._futures:
            await asyncio.sleep(POLL_SECONDS)
            if self._closed.is_set():
                self._release(self._futures)
                return
            try:
                self._release(await run_in_threadpool(self._find, list(self._futures)))
            except SQLAlchemyError as error:
                log.warning("waiting_poll_failed", error=type(error).__name__)
