"""Invariant 8: nothing of a body reaches the broker or a log."""

from datetime import timedelta

import pytest
from sqlmodel import select

from service import clock
from service.domain.vocabulary import Lane
from service.nudges import create_celery, nudge
from service.tables import Analysis
from service.testing.rows import add_comments
from tests.support.stack import Stack, Valkey, wait_until

MARKER = "Geheimwort"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_marker_is_neither_in_valkey_nor_in_the_logs(stack: Stack, valkey: Valkey) -> None:
    bodies = [f"{MARKER} {fault}" for fault in ("LANGSAM", "LANGSAM", "MURKS", "NANU")]
    ids = add_comments(stack.database, stack.rows, *bodies)
    app = create_celery(valkey.url)
    for lane in Lane:
        nudge(app, lane)
    queued = valkey.everything()
    assert Lane.COMMENTS.queue.encode() in queued
    assert MARKER.encode() not in queued
    stack.start_all()
    wait_until(lambda: stack.leased() > 0)
    assert MARKER.encode() not in valkey.everything()
    stack.wait_decided(ids)
    assert MARKER.encode() not in valkey.everything()
    assert "batch_failed" in stack.logs()
    assert MARKER not in stack.logs()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nor_is_that_of_an_analysis(stack: Stack, valkey: Valkey) -> None:
    with stack.database.write() as session:
        for fault in ("LANGSAM", "MURKS"):
            session.add(
                Analysis(
                    site_id=stack.rows.site_id,
                    body=f"{MARKER} {fault}",
                    deadline=clock.now() + timedelta(seconds=10),
                )
            )
    nudge(create_celery(valkey.url), Lane.WAITING)
    assert MARKER.encode() not in valkey.everything()
    stack.start_all()

    def bodies() -> set[str]:
        with stack.database.read() as session:
            return set(session.exec(select(Analysis.body)))

    # Scored and blanked, or swept at the deadline.
    wait_until(lambda: bodies() <= {""})
    assert MARKER.encode() not in valkey.everything()
    assert "analysis_failed" in stack.logs()
    assert MARKER not in stack.logs()
