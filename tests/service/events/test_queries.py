"""However many events there are: no query reads the whole table."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from service import clock
from service.domain.states import State
from service.events.positions import find_positions_with_news
from service.events.schemas import EventsQuery
from service.events.sequencer import number_due_events, sites_with_due_events
from service.events.use_cases import read_events
from service.testing.backend import Backend
from workers.retention import delete_old_events, sites_with_old_events

Work = Callable[[Session, Backend], object]

UPKEEP: dict[str, Work] = {
    "sites due": lambda session, _: sites_with_due_events(session, clock.now()),
    "number": lambda session, backend: number_due_events(
        session, backend.rows.site_id, clock.now()
    ),
    "sites old": lambda session, _: sites_with_old_events(session, clock.now()),
    "delete": lambda session, backend: delete_old_events(
        session, backend.rows.site_id, clock.now()
    ),
}


def plans(backend: Backend, act: Callable[[], object]) -> str:
    """Do something, and return how the database finds the events for it."""
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "DELETE")) and "event." in statement:
            asked.append((statement, parameters))

    engine = backend.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked
    with engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN " if backend.database.is_sqlite else "EXPLAIN "
        if not backend.database.is_sqlite:
            # Small tables are read whole, unless that is forbidden.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        lines = [
            str(row)
            for statement, parameters in asked
            for row in connection.exec_driver_sql(explain + statement, parameters)
        ]
    return "\n".join(lines)


def check(plan: str) -> None:
    lines = plan.splitlines()
    assert any("ix_event_due" in line or "sequence" in line for line in lines), plan
    assert "Seq Scan on event" not in plan, plan
    assert not [line for line in lines if "SCAN event" in line and "USING" not in line], plan


def test_reading_uses_the_indexes(backend: Backend) -> None:
    check(
        plans(
            backend,
            lambda: read_events(
                backend.client.app.state.context,  # type: ignore[attr-defined]  # a FastAPI
                backend.rows.site_id,
                EventsQuery(),
            ),
        )
    )


def test_waiting_uses_the_indexes(backend: Backend) -> None:
    position = (backend.rows.site_id, 0)
    check(plans(backend, lambda: find_positions_with_news(backend.database, [position])))


@pytest.mark.parametrize("work", UPKEEP.values(), ids=UPKEEP)
def test_upkeep_uses_the_indexes(backend: Backend, work: Work) -> None:
    backend.judge(backend.comment()["id"], State.APPROVED)
    if work is UPKEEP["delete"]:
        with backend.database.write() as session:
            number_due_events(session, backend.rows.site_id, clock.now())

    def act() -> None:
        with backend.database.write() as session:
            work(session, backend)

    check(plans(backend, act))
