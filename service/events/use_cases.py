"""Reads a site's events in order."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service import clock
from service.errors import Gone, Invalid
from service.events.presenter import present_events
from service.events.schemas import EventsOut, EventsQuery
from service.events.sequencer import is_due, number_due_events
from service.http.context import Context
from service.tables import Event, Site


def read_events(context: Context, site_id: UUID, query: EventsQuery) -> EventsOut:
    """Return the events after `query.after`; if the page has room, number due events first.

    Raises Gone if some of the events after it were deleted, and Invalid for an `after`
    beyond the newest event: a reader that continued from there would miss events.
    """
    now = clock.now()
    with context.database.read() as session:
        # This query comes before the page: an event that another transaction numbers between
        # the two is then in the page.
        has_due = _has_due_events(session, site_id, now)
        page = _read_page(session, site_id, query)
    if len(page.items) == query.limit or not has_due:
        return page
    with context.database.write() as session:
        number_due_events(session, site_id, now)
    with context.database.read() as session:
        return _read_page(session, site_id, query)


def _has_due_events(session: Session, site_id: UUID, now: datetime) -> bool:
    due = select(Event.id).where(col(Event.site_id) == site_id, is_due(now)).limit(1)
    return session.exec(due).first() is not None


def _read_page(session: Session, site_id: UUID, query: EventsQuery) -> EventsOut:
    events = session.exec(
        select(Event)
        .where(col(Event.site_id) == site_id, col(Event.sequence) > query.after)
        .order_by(col(Event.sequence))
        .limit(query.limit)
    ).all()
    # The check comes after the query: it then notices events that the retention deletes
    # between the two.
    _check_position(session.get_one(Site, site_id), query.after)
    items = present_events(session, site_id, events)
    return EventsOut(items=items, next=items[-1].sequence if items else query.after)


def _check_position(site: Site, after: int) -> None:
    if after > site.event_sequence:
        raise Invalid.at(
            "/query/after",
            f"The newest event of this site is number {site.event_sequence}. Continue from the "
            "`next` of your last page.",
        )
    if after < site.events_deleted:
        oldest = site.events_deleted + 1
        raise Gone(
            f"The events up to number {site.events_deleted} are no longer kept. To continue with "
            f"the oldest event that is kept, send after={site.events_deleted}.",
            oldest=oldest,
        )
