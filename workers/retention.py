"""Delete the events whose time of retention is over, a few at a time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col, select

from service.db import Database
from service.events import retention
from service.events.sequencer import BATCH, lock_site
from service.tables import Endpoint, Event, Site, WebhookMessage
from workers.numbering import for_each_site

SHARE = 100
"""One sweep deletes at most the hundredth part of a site's events, or one.

That is thousands of times what grows old from one sweep to the next, yet it leaves hours to
somebody who sees that too much is deleted.
"""

HINT = (
    "The clock is days ahead of the last sweep. Set it right, or confirm it with "
    "`netiquette retention resume`."
)

log = structlog.get_logger(__name__)


def retain(database: Database, now: datetime, keep: timedelta) -> None:
    """Delete some of what was numbered longer than `keep` ago, unless the clock has leapt.

    If it has, and there is something to delete, raise the alarm instead: log an error, which
    `/readyz` and the metrics tell, too.
    """
    with database.read() as session:
        sites = sites_with_old_events(session, now - keep)
    with database.write() as session:
        trusted = retention.trusts(session, now)
        if not trusted and sites:
            last = retention.hold(session, now)
            log.error("retention_held", trusted_at=last.isoformat(), hint=HINT)
    if trusted:
        delete_events(database, sites, now - keep)


def delete_events(database: Database, sites: Iterable[UUID], before: datetime) -> None:
    """Delete a share of what was numbered before the given time on these sites."""
    work = partial(delete_old_events, before=before, share=SHARE)
    for_each_site(database, sites, work, rounds=1)


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


def delete_old_events(session: Session, site_id: UUID, before: datetime, share: int = 1) -> int:
    """Delete the site's oldest events; return how many. The caller commits.

    It deletes at most BATCH, and at most one part in `share` of all, but always one.

    It stops at the first event that was numbered at `before` or later. The site's row keeps
    the number of the last deleted event, so that a reader who missed it is told, and no number
    is used twice.
    """
    site = lock_site(session, site_id)
    kept = site.event_sequence - site.events_deleted
    lowest = session.exec(
        select(Event.sequence, Event.numbered_at)
        .where(col(Event.site_id) == site_id, col(Event.sequence) > site.events_deleted)
        .order_by(col(Event.sequence))
        .limit(min(BATCH, max(1, kept // share)))
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
