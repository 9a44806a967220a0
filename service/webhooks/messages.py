"""The messages that wait for an endpoint: numbered events that were not delivered to it yet."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from service.domain.deliveries import STATE_EVENTS
from service.tables import Endpoint, Event, WebhookMessage

DELIVERED = "delivered"
"""Outcome of an attempt that the receiver answered with 2xx."""


def waits_for(endpoint: Endpoint) -> ColumnElement[bool]:
    """Return the condition that a message is the endpoint's, given up or not."""
    return and_(
        col(WebhookMessage.site_id) == endpoint.site_id,
        col(WebhookMessage.endpoint_id) == endpoint.id,
    )


def find(
    session: Session, endpoint: Endpoint, sequences: Iterable[int]
) -> dict[int, WebhookMessage]:
    """Return the endpoint's messages with these numbers that wait or were given up, by number."""
    rows = session.exec(
        select(WebhookMessage).where(
            waits_for(endpoint), col(WebhookMessage.sequence).in_(set(sequences))
        )
    )
    return {row.sequence: row for row in rows}


def message_for(endpoint: Endpoint, event: Event) -> WebhookMessage:
    """Return a new message that takes the event to the endpoint.

    Raises ValueError for an event without a number.
    """
    if event.sequence is None:
        raise ValueError("an event without a number")
    return WebhookMessage(
        endpoint_id=endpoint.id,
        sequence=event.sequence,
        site_id=endpoint.site_id,
        subject=event.comment_id or event.member_id or event.id,
        tells_state=event.type in STATE_EVENTS,
    )
