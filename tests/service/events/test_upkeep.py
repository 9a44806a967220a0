"""What the sweep does for events, on sites that nobody reads."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select
from structlog.testing import capture_logs

from service import clock
from service.db import Database
from service.domain.events import EventType
from service.events.sequencer import BATCH, number_due_events
from service.tables import Event, Site
from service.testing.rows import SiteRows, add_site
from workers import numbering
from workers.retention import delete_old_events, sites_with_old_events


def add_events(database: Database, rows: SiteRows, count: int) -> None:
    with database.write() as session:
        session.add_all(
            Event(
                site_id=rows.site_id,
                type=EventType.MEMBER_ERASED,
                member_id=rows.member_id,
                due_at=clock.now(),
            )
            for _ in range(count)
        )


def heads(database: Database) -> dict[str, tuple[int, int]]:
    with database.read() as session:
        return {
            site.key: (site.event_sequence, site.events_deleted)
            for site in session.exec(select(Site))
        }


def test_numbers_and_deletes_batch_by_batch_on_every_site(database: Database) -> None:
    add_events(database, add_site(database, "gross"), BATCH + 1)
    add_events(database, add_site(database, "klein"), 1)
    add_site(database, "leer")
    numbering.number_events(database, clock.now())
    assert heads(database) == {"gross": (BATCH + 1, 0), "klein": (1, 0), "leer": (0, 0)}
    soon = clock.now() + timedelta(seconds=1)
    with database.read() as session:
        sites = sites_with_old_events(session, soon)
    assert len(sites) == 2
    numbering.for_each_site(database, sites, partial(delete_old_events, before=soon))
    assert heads(database) == {
        "gross": (BATCH + 1, BATCH + 1),
        "klein": (1, 1),
        "leer": (0, 0),
    }
    with database.read() as session:
        assert session.exec(select(func.count(col(Event.id)))).one() == 0


def test_trouble_with_one_site_leaves_the_others_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = add_site(database, "gehalten")
    add_events(database, held, 1)
    add_events(database, add_site(database, "frei"), 1)

    def number(session: Session, site_id: UUID, now: datetime) -> int:
        if site_id == held.site_id:
            raise OperationalError("SELECT", {}, Exception("lock timeout"))
        return number_due_events(session, site_id, now)

    monkeypatch.setattr(numbering, "number_due_events", number)
    with capture_logs() as logs:
        numbering.number_events(database, clock.now())
    assert heads(database) == {"gehalten": (0, 0), "frei": (1, 0)}
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("events_left", "OperationalError")
    ]
