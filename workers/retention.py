"""Delete the events whose time of retention is over."""

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
    """Return the ids of sites whose oldest event was numbered before the given time."""
    # A subquery instead of a join, for which SQLite would scan all events.
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
    """Delete the site's oldest events, at most BATCH; return how many. The caller commits.

    It stops at the first event that was numbered at `before` or later. The site's row keeps
    the number of the last deleted event, so that a reader who missed it is told, and no number
    is used twice.
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
        # Messages that wait for so long belong to a disabled endpoint, or were refused.
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
