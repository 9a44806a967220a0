"""Add, change, disable, test and delete a site's endpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from service import clock
from service.domain.deliveries import DisabledReason
from service.domain.events import EventType
from service.errors import EndpointDisabled, NotFound, TooManyEndpoints
from service.events.outbox import About, record
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor
from service.http.schemas import Page
from service.secret_box import SecretBox
from service.tables import Delivery, Endpoint, Event, Site, WebhookMessage
from service.webhooks.presenter import present_endpoint, present_endpoints
from service.webhooks.schemas import (
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointsOut,
    NewEndpoint,
    QueuedOut,
    SecretOut,
)
from service.webhooks.secrets import new_secret
from service.webhooks.urls import check_url

MAX_ENDPOINTS = 50
"""Most endpoints of a site."""

OVERLAP = timedelta(hours=24)
"""How long the old secret signs deliveries, too, after a new one was made."""

LIST = "endpoints"


def add_endpoint(context: Context, site_id: UUID, item: EndpointIn) -> NewEndpoint:
    """Add a receiver, which gets the events that are numbered from now on.

    Raises Invalid for a URL that deliveries may never reach, TooManyEndpoints at the limit of
    the site, and NotConfigured where the installation has no secret key.
    """
    check_url(item.url, context.settings.webhook_networks)
    box, secret = SecretBox(context.settings.secret_key), new_secret()
    with context.database.write() as session:
        # The site's row is locked, so that two requests at once cannot exceed the limit.
        site = session.exec(
            select(Site).where(col(Site.id) == site_id).with_for_update(key_share=True)
        ).one()
        count = session.exec(
            select(func.count()).select_from(Endpoint).where(col(Endpoint.site_id) == site_id)
        ).one()
        if count >= MAX_ENDPOINTS:
            raise TooManyEndpoints(f"A site may have {MAX_ENDPOINTS}. Delete one first.")
        endpoint = Endpoint(
            site_id=site_id,
            secret=box.encrypt(secret),
            queued_sequence=site.event_sequence,
            **item.model_dump(),
        )
        session.add(endpoint)
        session.flush()
        shown = present_endpoint(session, endpoint)
    return NewEndpoint(**shown.model_dump(), secret=secret)


def list_endpoints(context: Context, site_id: UUID, query: Page) -> EndpointsOut:
    """Return a page of the site's endpoints, oldest first."""
    after = decode_cursor(query.after, LIST, {}, UUID) if query.after else UUID(int=0)
    with context.database.read() as session:
        rows = session.exec(
            select(Endpoint)
            .where(col(Endpoint.site_id) == site_id, col(Endpoint.id) > after)
            .order_by(col(Endpoint.id))
            .limit(query.limit + 1)
        ).all()
        items = present_endpoints(session, site_id, rows[: query.limit])
    more = len(rows) > query.limit
    return EndpointsOut(
        items=items, next=encode_cursor(LIST, {}, str(items[-1].id)) if more else None
    )


def show_endpoint(context: Context, site_id: UUID, endpoint_id: UUID) -> EndpointOut:
    """Return the endpoint with its counts; raises NotFound."""
    with context.database.read() as session:
        return present_endpoint(session, get_endpoint(session, site_id, endpoint_id))


def change_endpoint(
    context: Context, site_id: UUID, endpoint_id: UUID, change: EndpointChange
) -> EndpointOut:
    """Change the endpoint; raises NotFound, and Invalid for a URL that may not be reached.

    A new URL, or enabling it again, clears its failures, so that it is tried at once.
    """
    if change.url:
        check_url(change.url, context.settings.webhook_networks)
    values: dict[str, Any] = change.model_dump(exclude_unset=True, exclude={"enabled"})
    with changing(context, site_id, endpoint_id) as (session, endpoint):
        endpoint.sqlmodel_update(values)
        if change.enabled is False and not endpoint.disabled_at:
            endpoint.disabled_at, endpoint.disabled_reason = clock.now(), DisabledReason.MANUAL
        if change.enabled and endpoint.disabled_at:
            endpoint.disabled_at, endpoint.disabled_reason = None, None
            reset_health(endpoint)
        if change.url:
            reset_health(endpoint)
        session.flush()
        return present_endpoint(session, endpoint)


def delete_endpoint(context: Context, site_id: UUID, endpoint_id: UUID) -> None:
    """Delete the endpoint with its deliveries and its messages; raises NotFound."""
    with changing(context, site_id, endpoint_id) as (session, endpoint):
        for table in (WebhookMessage, Delivery):
            session.execute(
                delete(table)
                .where(col(table.site_id) == site_id, col(table.endpoint_id) == endpoint.id)
                .execution_options(synchronize_session=False)
            )
        session.delete(endpoint)


def rotate_secret(context: Context, site_id: UUID, endpoint_id: UUID) -> SecretOut:
    """Make a new secret; the old one also signs for OVERLAP. Raises NotFound, NotConfigured."""
    box, secret = SecretBox(context.settings.secret_key), new_secret()
    until = clock.now() + OVERLAP
    with changing(context, site_id, endpoint_id) as (_, endpoint):
        endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, until
        endpoint.secret = box.encrypt(secret)
    return SecretOut(secret=secret, old_secret_until=until)


def send_test(context: Context, site_id: UUID, endpoint_id: UUID) -> QueuedOut:
    """Queue a `webhook.test` for this endpoint alone; raises NotFound or EndpointDisabled.

    The event is sent at once, even while the endpoint waits after failures.
    """
    with changing(context, site_id, endpoint_id) as (session, endpoint):
        refuse_disabled(endpoint)
        endpoint.next_attempt_at = None
        event = record_webhook_event(session, endpoint, EventType.WEBHOOK_TEST)
        return QueuedOut(event=event.id)


def record_webhook_event(
    session: Session, endpoint: Endpoint, kind: EventType, reason: DisabledReason | None = None
) -> Event:
    """Record an event about the endpoint, due at once."""
    facts = {"endpoint": {"id": str(endpoint.id)}, "reason": reason}
    return record(session, kind, About(endpoint.site_id, facts=facts))


@contextmanager
def changing(
    context: Context, site_id: UUID, endpoint_id: UUID
) -> Iterator[tuple[Session, Endpoint]]:
    """Give the endpoint with its row locked until the commit; raises NotFound."""
    with context.database.write() as session:
        yield session, get_endpoint(session, site_id, endpoint_id, lock=True)


def get_endpoint(
    session: Session, site_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    """Return the site's endpoint; `lock` locks its row until the commit. Raises NotFound."""
    query = select(Endpoint).where(
        col(Endpoint.site_id) == site_id, col(Endpoint.id) == endpoint_id
    )
    endpoint = session.exec(query.with_for_update() if lock else query).one_or_none()
    if endpoint is None:
        raise NotFound("endpoint")
    return endpoint


def refuse_disabled(endpoint: Endpoint) -> None:
    """Raise EndpointDisabled for a disabled endpoint, to which nothing would be sent."""
    if endpoint.disabled_at:
        raise EndpointDisabled('Enable it first: PATCH it with {"enabled": true}.')


def reset_health(endpoint: Endpoint) -> None:
    """Clear the endpoint's failures, so that its next attempt is due at once."""
    endpoint.failures, endpoint.failing_since, endpoint.next_attempt_at = 0, None, None
