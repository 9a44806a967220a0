"""Waiting for decisions, without holding a thread or a session (Prefer: wait, RFC 7240).

One task asks the database for all waiting callers together, and only while
somebody waits. See docs/decisions for why it polls.
"""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from service.db import Database
from service.domain.states import State
from service.tables import Comment

MAX_WAIT = 10
"""Seconds that a caller may wait."""

POLL_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Waiters:
    """The callers that wait for a decision in this process."""

    def __init__(self, database: Database, limit: int) -> None:
        """Let at most `limit` callers wait at once; more are told to come back."""
        self._database = database
        self._limit = limit
        self._futures: dict[UUID, set[asyncio.Future[None]]] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closed = threading.Event()

    async def wait(self, comment_id: UUID, seconds: float) -> None:
        """Return when the comment may be decided, after `seconds`, or when closed.

        Returns at once when too many wait already. The caller looks at the comment
        itself to learn what happened.
        """
        if self._closed.is_set() or sum(map(len, self._futures.values())) >= self._limit:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(comment_id, set()).add(future)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(future, seconds)
        finally:
            self._forget(comment_id, future)

    def close(self) -> None:
        """Send every waiting caller home soon, and let nobody wait any more.

        May be called from a signal handler or any thread.
        """
        self._closed.set()

    def _forget(self, comment_id: UUID, future: asyncio.Future[None]) -> None:
        futures = self._futures.get(comment_id, set())
        futures.discard(future)
        if not futures:
            self._futures.pop(comment_id, None)

    def _release(self, comment_ids: Iterable[UUID]) -> None:
        for comment_id in comment_ids:
            for future in self._futures.get(comment_id, ()):
                if not future.done():
                    future.set_result(None)

    async def _poll(self) -> None:
        while self._futures:
            await asyncio.sleep(POLL_SECONDS)
            if self._closed.is_set():
                self._release(self._futures)
                return
            try:
                self._release(await run_in_threadpool(self._find_decided, list(self._futures)))
            except SQLAlchemyError as error:
                log.warning("waiting_poll_failed", error=type(error).__name__)

    def _find_decided(self, comment_ids: list[UUID]) -> list[UUID]:
        """Ask across sites: the ids come from callers who were let in to theirs."""
        with self._database.read() as session:
            return list(
                session.exec(
                    select(Comment.id).where(
                        col(Comment.id).in_(comment_ids), col(Comment.state) != State.PENDING
                    )
                )
            )
