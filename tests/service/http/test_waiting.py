"""Waiting for news: many callers, one question, and nobody is kept."""

import asyncio
import time
from collections.abc import Callable

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from service.http.waiting import Waiters

PATIENCE = 5.0


def nothing(_keys: list[str]) -> list[str]:
    return []


def seconds_of(act: Callable[[], object]) -> float:
    start = time.monotonic()
    act()
    return time.monotonic() - start


def test_news_release_those_who_wait_for_them() -> None:
    asked: list[list[str]] = []

    def find(keys: list[str]) -> list[str]:
        asked.append(sorted(keys))
        return ["b"]

    async def wait() -> list[str]:
        waiters = Waiters(find, limit=10)
        ended: list[str] = []

        async def one(key: str) -> None:
            await waiters.wait(key, 0.5)
            ended.append(key)

        await asyncio.gather(one("a"), one("b"), one("b"))
        return ended

    assert asyncio.run(wait()) == ["b", "b", "a"]
    assert asked[0] == ["a", "b"]


def test_over_the_limit_nobody_waits() -> None:
    async def wait() -> float:
        waiters = Waiters(nothing, limit=1)
        first = asyncio.create_task(waiters.wait("a", PATIENCE))
        await asyncio.sleep(0)
        start = time.monotonic()
        await waiters.wait("b", PATIENCE)
        waited = time.monotonic() - start
        waiters.close()
        await first
        return waited

    assert asyncio.run(wait()) < 1


def test_closing_sends_home_who_waits_and_who_comes_later() -> None:
    async def wait() -> None:
        waiters = Waiters(nothing, limit=10)
        waiting = asyncio.create_task(waiters.wait("a", PATIENCE))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(waiters.close)
        await waiting
        await waiters.wait("a", PATIENCE)

    assert seconds_of(lambda: asyncio.run(wait())) < 2


def test_asking_goes_on_after_trouble_with_the_database() -> None:
    answers = iter([None, ["a"]])

    def find(_keys: list[str]) -> list[str]:
        answer = next(answers)
        if answer is None:
            raise OperationalError("SELECT", {}, Exception("locked"))
        return answer

    async def wait() -> None:
        await Waiters(find, limit=10).wait("a", PATIENCE)

    with capture_logs() as logs:
        assert seconds_of(lambda: asyncio.run(wait())) < 2
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("waiting_poll_failed", "OperationalError")
    ]
