"""Finds the news that readers of events wait for (Prefer: wait)."""

from uuid import UUID

from sqlmodel import col, select

from service import clock
from service.db import Database
from service.events.sequencer import is_due
from service.tables import Event, Site

Position = tuple[UUID, int]
"""A site, and the number of the last event that the reader has seen."""


def find_positions_with_news(database: Database, positions: list[Position]) -> list[Position]:
    """Return the positions after which there is an event to read, or one that is due."""
    sites = {site_id for site_id, _ in positions}
    with database.read() as session:
        newest = dict(
            session.execute(
                select(col(Site.id), col(Site.event_sequence)).where(col(Site.id).in_(sites))
            ).all()
        )
        due = set(
            session.exec(
                select(Event.site_id)
                .where(col(Event.site_id).in_(sites), is_due(clock.now()))
                .distinct()
            )
        )
    return [
        (site_id, after)
        for site_id, after in positions
        if site_id in due or newest.get(site_id, 0) > after
    ]
