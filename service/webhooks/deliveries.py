"""List the attempts to deliver, and send events again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal_column, update
from sqlmodel import Session, col, select

from service import clock
from service.errors import Gone, NotFound
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor
from service.tables import Delivery, Endpoint, Event, WebhookMessage
from service.webhooks import messages
from service.webhooks.presenter import present_delivery
from service.webhooks.schemas import DeliveriesOut, DeliveriesQuery, QueuedOut, RedeliveredOut
from service.webhooks.use_cases import changing, get_endpoint, refuse_disabled

LIST = "deliveries"

# A literal, since the databases use the partial index of failed attempts only for a literal.
FAILED = col(Delivery.outcome) != literal_column(f"'{messages.DELIVERED}'")


def list_deliveries(
    context: Context, site_id: UUID, endpoint_id: UUID, query: DeliveriesQuery
) -> DeliveriesOut:
    """Return a page of attempts, newest first; raises NotFound, or Invalid (cursor)."""
    filters = query.model_dump(mode="json", exclude={"after", "limit"}, exclude_none=True)
    filters["endpoint"] = str(endpoint_id)
    before = decode_cursor(query.after, LIST, filters, UUID) if query.after else None
    with context.database.read() as session:
        endpoint = get_endpoint(session, site_id, endpoint_id)
        page = select(Delivery).where(
            col(Delivery.site_id) == site_id, col(Delivery.endpoint_id) == endpoint_id
        )
        if query.event:
            page = page.where(col(Delivery.event_id) == query.event)
        if query.outcome:
            page = page.where(FAILED if query.outcome == "failed" else ~FAILED)
        if before:
            page = page.where(col(Delivery.id) < before)
        rows = session.exec(page.order_by(col(Delivery.id).desc()).limit(query.limit + 1)).all()
        waiting = messages.find(session, endpoint, [row.sequence for row in rows])
    items = [
        present_delivery(row, _next_attempt(endpoint, waiting.get(row.sequence)))
        for row in rows[: query.limit]
    ]
    more = len(rows) > query.limit
    return DeliveriesOut(
        items=items, next=encode_cursor(LIST, filters, str(items[-1].id)) if more else None
    )


def redeliver(context: Context, site_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> QueuedOut:
    """Send the event of this attempt again, as soon as possible, under the same id.

    Raises NotFound, EndpointDisabled, and Gone where the event is no longer kept.
    """
    with changing(context, site_id, endpoint_id) as (session, endpoint):
        refuse_disabled(endpoint)
        delivery = session.exec(
            select(Delivery).where(
                col(Delivery.site_id) == site_id,
                col(Delivery.endpoint_id) == endpoint_id,
                col(Delivery.id) == delivery_id,
            )
        ).one_or_none()
        if delivery is None:
            raise NotFound("delivery")
        event = session.exec(
            select(Event).where(
                col(Event.site_id) == site_id, col(Event.sequence) == delivery.sequence
            )
        ).one_or_none()
        if event is None:
            raise Gone("The event is no longer kept.")
        waiting = messages.find(session, endpoint, [delivery.sequence])
        if delivery.sequence in waiting:
            _renew(session, endpoint, delivery.sequence)
        else:
            message = messages.message_for(endpoint, event)
            message.attempts = _last_attempt(session, endpoint, delivery.event_id)
            session.add(message)
        endpoint.next_attempt_at = None
        return QueuedOut(event=delivery.event_id)


def redeliver_failed(context: Context, site_id: UUID, endpoint_id: UUID) -> RedeliveredOut:
    """Send all events again that were given up, oldest first.

    Raises NotFound and EndpointDisabled.
    """
    with changing(context, site_id, endpoint_id) as (session, endpoint):
        refuse_disabled(endpoint)
        endpoint.next_attempt_at = None
        return RedeliveredOut(events=_renew(session, endpoint))


def _renew(session: Session, endpoint: Endpoint, sequence: int | None = None) -> int:
    """Make one message, or all that were given up, due now without failures; return how many."""
    which = (
        col(WebhookMessage.failed_at).is_not(None)
        if sequence is None
        else col(WebhookMessage.sequence) == sequence
    )
    result = session.execute(
        update(WebhookMessage)
        .where(messages.waits_for(endpoint), which)
        .values(refusals=0, first_failed_at=None, failed_at=None, due_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    renewed: int = result.rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    return renewed


def _last_attempt(session: Session, endpoint: Endpoint, event_id: UUID) -> int:
    return session.exec(
        select(func.max(Delivery.attempt)).where(
            col(Delivery.site_id) == endpoint.site_id,
            col(Delivery.endpoint_id) == endpoint.id,
            col(Delivery.event_id) == event_id,
        )
    ).one()


def _next_attempt(endpoint: Endpoint, message: WebhookMessage | None) -> datetime | None:
    if message is None or message.failed_at or endpoint.disabled_at:
        return None
    return max(message.due_at, endpoint.next_attempt_at or message.due_at)
