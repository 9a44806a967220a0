"""Deleting events that receivers have had their time to read."""

from datetime import datetime
from itertools import takewhile
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from service.db import Database
from service.events.sequencer import BATCH, lock_site
from service.tables import Endpoint, Event, Site, WebhookMessage
from workers.numbering import for_each_site


def delete_events(database: Database, before: datetime) -> None:
    """Delete what was numbered before the given time on any site."""
    with database.read() as session:
        sites = sites_with_old_events(session, before)
    for_each_site(
        database, sites, lambda session, site_id: delete_old_events(session, site_id, before)
    )


def sites_with_old_events(session: Session, before: datetime) -> list[UUID]:
    """Return the sites whose lowest event was numbered before the given time."""
    # A subquery, and no join, which SQLite would begin with a scan of all events.
    lowest = (
        select(Event.numbered_at)
        .where(
            col(Event.site_id) == col(Site.id),
            col(Event.sequence) == col(Site.events_deleted) + 1,
        )
        .correlate(Site)
        .scalar_subquery()
    )
    return list(session.exec(select(Site.id).where(lowest < before)))


def delete_old_events(session: Session, site_id: UUID, before: datetime) -> int:
    """Delete at most BATCH events from the low end; return how many; leaves the commit.

    Stops at the first one that was numbered since `before`. What is gone is noted at
    the site, so that a reader who missed it is told, and no number is given again.
    """
    site = lock_site(session, site_id)
    lowest = session.exec(
        select(Event.sequence, Event.numbered_at)
        .where(col(Event.site_id) == site_id, col(Event.sequence) > site.events_deleted)
        .order_by(col(Event.sequence))
        .limit(BATCH)
    ).all()
    old = [
        sequence
        for sequence, _ in takewhile(lambda row: row[1] is not None and row[1] < before, lowest)
        if sequence is not None
    ]
    if old:
        # What waits for so long is of an endpoint that was disabled, or of a refused message.
        endpoints = select(Endpoint.id).where(col(Endpoint.site_id) == site_id)
        session.execute(
            delete(WebhookMessage)
            .where(
                col(WebhookMessage.endpoint_id).in_(endpoints),
                col(WebhookMessage.sequence) <= old[-1],
            )
            .execution_options(synchronize_session=False)
        )
        session.execute(
            delete(Event)
            .where(col(Event.site_id) == site_id, col(Event.sequence).between(old[0], old[-1]))
            .execution_options(synchronize_session=False)
        )
        site.events_deleted = old[-1]
    return len(old)
