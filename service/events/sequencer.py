"""The sequencer: gives due events the numbers 1, 2, 3 … of their site (invariant 6).

Any process may run it at any time. The site's row is held meanwhile, so that
numbers are given by one at a time and appear in their order: a reader who sees
a number can also see every lower one.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from service.clock import LONGEST_HOLD
from service.events.outbox import is_unnumbered
from service.tables import Event, Site

BATCH = 500
"""Events per transaction, so that nobody waits long for the site; at least a page of a reader."""


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return whether an event is to be numbered now.

    Nothing is held back for longer than the undo window; a due time far ahead says
    that the clock was set back, and for that nobody has to wait.
    """
    return and_(
        is_unnumbered(), or_(col(Event.due_at) <= now, col(Event.due_at) > now + LONGEST_HOLD)
    )


def sites_with_due_events(session: Session, now: datetime) -> list[UUID]:
    """Return the sites that have something to number."""
    return list(session.exec(select(Event.site_id).where(is_due(now)).distinct()))


def number_due_events(session: Session, site_id: UUID, now: datetime) -> int:
    """Give the next numbers to at most BATCH due events; return to how many.

    Per comment the order is that of its changes: the due time never falls from one
    change to the next, and the time of creation always rises. The commit is the
    caller's, and should come soon.
    """
    site = lock_site(session, site_id)
    # Locked, because an undo may be about to cancel one of them: it comes first and
    # the event is passed over, or it waits and finds the event numbered.
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
    """Return the site, with its numbers held until the commit.

    NO KEY UPDATE, since a stronger lock would stop everybody who adds a comment:
    their foreign key to the site shares its key.
    """
    return session.exec(
        select(Site).where(col(Site.id) == site_id).with_for_update(key_share=True)
    ).one()


def _horizon(session: Session, site_id: UUID, now: datetime) -> datetime:
    """Return until when events are numbered: now, or everything if the clock was set back.

    All or none, so that no event of a comment can overtake an older one.
    """
    last: datetime | None = session.exec(
        select(func.max(col(Event.due_at))).where(col(Event.site_id) == site_id, is_unnumbered())
    ).one()
    return last if last and last > now + LONGEST_HOLD else now
