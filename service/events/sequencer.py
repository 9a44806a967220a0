"""The sequencer: gives a site's due events the numbers 1, 2, 3 … (invariant 6).

Any process may run it at any time. It locks the site's row, so that only one transaction
at a time gives numbers, and numbers become visible in order. A reader that sees a number
can therefore also see all lower ones.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from service.clock import LONGEST_HOLD
from service.events.outbox import is_unnumbered
from service.tables import Event, Site

BATCH = 500
"""Most events per transaction, so that no other waits long for the lock on the site.

It is at least the size of a reader's page (`MAX_LIMIT`).
"""


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an event is to be numbered now.

    No event is held back for longer than the undo window. A due time further ahead than
    LONGEST_HOLD shows that the clock was set back, so such an event need not wait.
    """
    return and_(
        is_unnumbered(), or_(col(Event.due_at) <= now, col(Event.due_at) > now + LONGEST_HOLD)
    )


def sites_with_due_events(session: Session, now: datetime) -> list[UUID]:
    """Return the ids of the sites that have events to number."""
    return list(session.exec(select(Event.site_id).where(is_due(now)).distinct()))


def number_due_events(session: Session, site_id: UUID, now: datetime) -> int:
    """Give the next numbers to at most BATCH due events, and return how many it numbered.

    The events of a comment are numbered in the order of its changes: from one change to
    the next, the due time never falls and the time of creation always rises. The caller
    commits, and should do so soon.
    """
    site = lock_site(session, site_id)
    # The events are locked because an undo may cancel one at the same time. Either the
    # undo comes first and this skips the event, or it waits and finds the event numbered.
    events = session.exec(
        select(Event)
        .where(
            col(Event.site_id) == site_id,
            is_unnumbered(),
            col(Event.due_at) <= _horizon(session, site_id, now),
        )
        .order_by(col(Event.due_at), col(Event.created_at), col(Event.id))
        .limit(BATCH)
        .with_for_update(key_share=True)
    ).all()
    for event in events:
        site.event_sequence += 1
        event.sequence = site.event_sequence
        event.numbered_at = now
    session.flush()
    return len(events)


def lock_site(session: Session, site_id: UUID) -> Site:
    """Return the site, locked until the commit, so that no other transaction gives numbers.

    The lock is NO KEY UPDATE. A stronger one would block all transactions that add a
    comment: the comment's foreign key takes a KEY SHARE lock on the site.
    """
    return session.exec(
        select(Site).where(col(Site.id) == site_id).with_for_update(key_share=True)
    ).one()


def _horizon(session: Session, site_id: UUID, now: datetime) -> datetime:
    """Return the due time up to which events are numbered: `now`, unless the clock was set back.

    If it was, the result is the last due time, so that all events are numbered: otherwise
    an event of a comment could overtake an older one.
    """
    last: datetime | None = session.exec(
        select(func.max(col(Event.due_at))).where(col(Event.site_id) == site_id, is_unnumbered())
    ).one()
    return last if last and last > now + LONGEST_HOLD else now
