"""Waiting for news: many callers, one question, and nobody is kept."""

import asyncio

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from service.http.waiting import Waiters
from tests.support.skipping import SkippingLoop

PATIENCE = 20
"""Seconds for what must come soon."""

LONG = 3600
"""Seconds that nobody waits here: something else ends it."""


def nothing(_keys: list[str]) -> list[str]:
    return []


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


def test_without_news_a_caller_waits_to_the_end() -> None:
    async def wait() -> bool:
        waiting = asyncio.create_task(Waiters(nothing, limit=10).wait("a", LONG))
        await asyncio.sleep(0)
        loop.skip(LONG * 0.9)
        await asyncio.sleep(0.2)
        assert not waiting.done()
        loop.skip(LONG * 0.1)
        return await asyncio.wait_for(waiting, PATIENCE)

    loop = SkippingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(wait())


def test_over_the_limit_nobody_waits() -> None:
    async def wait() -> None:
        waiters = Waiters(nothing, limit=1)
        first = asyncio.create_task(waiters.wait("a", LONG))
        await asyncio.sleep(0)
        assert await asyncio.wait_for(waiters.wait("b", LONG), PATIENCE) is False
        assert not first.done()
        waiters.close()
        assert await asyncio.wait_for(first, PATIENCE) is True

    asyncio.run(wait())


def test_closing_sends_home_who_waits_and_who_comes_later() -> None:
    async def wait() -> None:
        waiters = Waiters(nothing, limit=10)
        waiting = asyncio.create_task(waiters.wait("a", LONG))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(waiters.close)
        assert await asyncio.wait_for(waiting, PATIENCE) is True
        assert await asyncio.wait_for(waiters.wait("a", LONG), PATIENCE) is False

    asyncio.run(wait())


def test_asking_goes_on_after_trouble_with_the_database() -> None:
    answers = iter([None, ["a"]])

    def find(_keys: list[str]) -> list[str]:
        answer = next(answers)
        if answer is None:
            raise OperationalError("SELECT", {}, Exception("locked"))
        return answer

    async def wait() -> None:
        await asyncio.wait_for(Waiters(find, limit=10).wait("a", LONG), PATIENCE)

    with capture_logs() as logs:
        asyncio.run(wait())
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("waiting_poll_failed", "OperationalError")
    ]
