"""Turn rows of endpoints and deliveries into answers of the webhook calls."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.tables import Delivery, Endpoint, WebhookMessage
from service.webhooks.schemas import DeliveryOut, EndpointOut, RequestOut


def present_endpoint(session: Session, endpoint: Endpoint) -> EndpointOut:
    """Return the endpoint, with the numbers of its waiting and its failed messages."""
    return present_endpoints(session, endpoint.site_id, [endpoint])[0]


def present_endpoints(
    session: Session, site_id: UUID, endpoints: Sequence[Endpoint]
) -> list[EndpointOut]:
    """Return the site's endpoints, with the numbers of their waiting and their failed messages."""
    counted = session.execute(
        select(
            col(WebhookMessage.endpoint_id), func.count(), func.count(col(WebhookMessage.failed_at))
        )
        .where(
            col(WebhookMessage.site_id) == site_id,
            col(WebhookMessage.endpoint_id).in_([endpoint.id for endpoint in endpoints]),
        )
        .group_by(col(WebhookMessage.endpoint_id))
    ).all()
    counts = {endpoint_id: (every - failed, failed) for endpoint_id, every, failed in counted}
    return [_present(endpoint, *counts.get(endpoint.id, (0, 0))) for endpoint in endpoints]


def _present(endpoint: Endpoint, waiting: int, failed: int) -> EndpointOut:
    return EndpointOut.model_validate(
        endpoint.model_dump(exclude={"secret", "old_secret"})
        | {
            "enabled": endpoint.disabled_at is None,
            "waiting": waiting,
            "failed": failed,
            "sequence": endpoint.queued_sequence,
        }
    )


def present_delivery(delivery: Delivery, next_attempt_at: datetime | None) -> DeliveryOut:
    """Return the attempt, with the time of the event's next attempt, if there will be one."""
    return DeliveryOut.model_validate(
        delivery.model_dump()
        | {
            "event": delivery.event_id,
            "request": RequestOut(
                url=delivery.url, webhook_id=delivery.event_id, size=delivery.size
            ),
            "next_attempt_at": next_attempt_at,
        }
    )
