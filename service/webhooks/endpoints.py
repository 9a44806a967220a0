"""The webhook calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.auth.dependencies import AdminKey
from service.comments.use_cases import count_write
from service.context import Services
from service.ids import parse_id
from service.openapi import problems
from service.schemas import Page
from service.webhooks import deliveries, use_cases
from service.webhooks.schemas import (
    DeliveriesOut,
    DeliveriesQuery,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointsOut,
    NewEndpoint,
    QueuedOut,
    RedeliveredOut,
    SecretOut,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

WHAT = "endpoint"


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 409, 413, 422, 429, 503),
    summary="Add a receiver",
)
def post_endpoint(
    item: EndpointIn, principal: AdminKey, context: Services, response: Response
) -> NewEndpoint:
    """Have events sent to a URL, from now on. The secret is shown only in this answer."""
    count_write(context, principal)
    endpoint = use_cases.add_endpoint(context, principal.site_id, item)
    response.headers["Location"] = f"/v1/webhooks/{endpoint.id}"
    return endpoint


@router.get("", responses=problems(401, 403, 422), summary="List the receivers")
def get_endpoints(
    query: Annotated[Page, Query()], principal: AdminKey, context: Services
) -> EndpointsOut:
    """Return the site's receivers, oldest first, and how they fare."""
    return use_cases.list_endpoints(context, principal.site_id, query)


@router.get("/{endpoint_id}", responses=problems(401, 403, 404), summary="Read a receiver")
def get_endpoint(endpoint_id: str, principal: AdminKey, context: Services) -> EndpointOut:
    """Return the receiver and how it fares."""
    return use_cases.read_endpoint(context, principal.site_id, parse_id(endpoint_id, WHAT))


@router.patch(
    "/{endpoint_id}",
    responses=problems(401, 403, 404, 413, 422, 429),
    summary="Change, disable or enable a receiver",
)
def patch_endpoint(
    endpoint_id: str, change: EndpointChange, principal: AdminKey, context: Services
) -> EndpointOut:
    """Change what is given. Once enabled again, it is sent all that it missed, oldest first."""
    count_write(context, principal)
    return use_cases.change_endpoint(
        context, principal.site_id, parse_id(endpoint_id, WHAT), change
    )


@router.delete(
    "/{endpoint_id}",
    status_code=204,
    responses=problems(401, 403, 404, 429),
    summary="Delete a receiver",
)
def delete_endpoint(endpoint_id: str, principal: AdminKey, context: Services) -> None:
    """Delete the receiver, the record of its deliveries, and what waits for it."""
    count_write(context, principal)
    use_cases.delete_endpoint(context, principal.site_id, parse_id(endpoint_id, WHAT))


@router.post(
    "/{endpoint_id}/rotate",
    responses=problems(401, 403, 404, 429, 503),
    summary="Make a new secret",
)
def post_rotate(endpoint_id: str, principal: AdminKey, context: Services) -> SecretOut:
    """Make a new secret, shown only now. For a day deliveries are signed with both."""
    count_write(context, principal)
    return use_cases.rotate_secret(context, principal.site_id, parse_id(endpoint_id, WHAT))


@router.post(
    "/{endpoint_id}/test",
    status_code=202,
    responses=problems(401, 403, 404, 409, 429),
    summary="Send a test event",
)
def post_test(endpoint_id: str, principal: AdminKey, context: Services) -> QueuedOut:
    """Send `webhook.test` to this receiver alone, whatever it has subscribed to."""
    count_write(context, principal)
    return use_cases.send_test(context, principal.site_id, parse_id(endpoint_id, WHAT))


@router.get(
    "/{endpoint_id}/deliveries",
    responses=problems(401, 403, 404, 422),
    summary="List the attempts to reach a receiver",
)
def get_deliveries(
    endpoint_id: str,
    query: Annotated[DeliveriesQuery, Query()],
    principal: AdminKey,
    context: Services,
) -> DeliveriesOut:
    """Return the attempts of the last week, newest first."""
    return deliveries.list_deliveries(
        context, principal.site_id, parse_id(endpoint_id, WHAT), query
    )


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    responses=problems(401, 403, 404, 409, 410, 429),
    summary="Send an event again",
)
def post_redeliver(
    endpoint_id: str, delivery_id: str, principal: AdminKey, context: Services
) -> QueuedOut:
    """Send the event of this attempt again, under the same `webhook-id`."""
    count_write(context, principal)
    return deliveries.redeliver(
        context,
        principal.site_id,
        parse_id(endpoint_id, WHAT),
        parse_id(delivery_id, "delivery"),
    )


@router.post(
    "/{endpoint_id}/redeliver",
    status_code=202,
    responses=problems(401, 403, 404, 409, 429),
    summary="Send again all events that were given up",
)
def post_redeliver_failed(
    endpoint_id: str, principal: AdminKey, context: Services
) -> RedeliveredOut:
    """Send what the receiver refused for five days again, oldest first."""
    count_write(context, principal)
    return deliveries.redeliver_failed(context, principal.site_id, parse_id(endpoint_id, WHAT))
