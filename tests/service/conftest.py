"""Fixtures for the tests of the schema, and of waiting."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from service.db import Database
from service.http.waiting import Waiters
from tests.support.postgres import new_postgres_database


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database without tables."""
    if request.param == "sqlite":
        (tmp_path / "empty.db").touch()
        database = Database(f"sqlite:///{tmp_path}/empty.db")
        yield database
        database.dispose()
        return
    with new_postgres_database(request.getfixturevalue("postgres_url")) as url:
        database = Database(url)
        yield database
        database.dispose()


@dataclass
class Waits:
    """How long callers have asked to wait, and how many times as long they do."""

    asked: list[float] = field(default_factory=list)
    stretch: float = 10
    """So that a busy machine ends no wait before its news come."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Stretch all waiting for news, and note it."""
    waits, wait = Waits(), Waiters.wait

    async def stretched(waiters: Waiters[Any], key: Any, seconds: float) -> bool:
        waits.asked.append(seconds)
        return await wait(waiters, key, seconds * waits.stretch)

    monkeypatch.setattr(Waiters, "wait", stretched)
    return waits
