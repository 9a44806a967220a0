"""The routes of the webhook calls."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.auth.dependencies import AdminKey, AdminWriteKey
from service.errors import EndpointDisabled, Gone, NotConfigured, NotFound, TooManyEndpoints
from service.http.context import Context
from service.http.openapi import LOCATION, problems
from service.http.schemas import Page
from service.webhooks import deliveries, use_cases
from service.webhooks.schemas import (
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryId,
    EndpointChange,
    EndpointId,
    EndpointIn,
    EndpointOut,
    EndpointsOut,
    NewEndpoint,
    QueuedOut,
    RedeliveredOut,
    SecretOut,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post(
    "",
    operation_id="create_webhook",
    status_code=201,
    responses={201: {"headers": LOCATION}, **problems(TooManyEndpoints, NotConfigured)},
    summary="Add a receiver",
)
def post_endpoint(
    item: EndpointIn, caller: AdminWriteKey, context: Context, response: Response
) -> NewEndpoint:
    """Add a receiver that new events are sent to. Its secret is shown only in this answer."""
    endpoint = use_cases.add_endpoint(context, caller.site_id, item)
    response.headers["Location"] = f"/v1/webhooks/{endpoint.id}"
    return endpoint


@router.get("", operation_id="list_webhooks", summary="List the receivers")
def get_endpoints(
    query: Annotated[Page, Query()], caller: AdminKey, context: Context
) -> EndpointsOut:
    """Return the site's receivers, oldest first, with their failures and waiting events."""
    return use_cases.list_endpoints(context, caller.site_id, query)


@router.get(
    "/{endpoint_id}",
    operation_id="get_webhook",
    responses=problems(NotFound),
    summary="Read a receiver",
)
def get_endpoint(endpoint_id: EndpointId, caller: AdminKey, context: Context) -> EndpointOut:
    """Return the receiver, with its failures and waiting events."""
    return use_cases.show_endpoint(context, caller.site_id, endpoint_id)


@router.patch(
    "/{endpoint_id}",
    operation_id="change_webhook",
    responses=problems(NotFound),
    summary="Change, disable or enable a receiver",
)
def patch_endpoint(
    endpoint_id: EndpointId, change: EndpointChange, caller: AdminWriteKey, context: Context
) -> EndpointOut:
    """Change the given fields. A receiver that is enabled again gets the events that it missed."""
    return use_cases.change_endpoint(context, caller.site_id, endpoint_id, change)


@router.delete(
    "/{endpoint_id}",
    operation_id="delete_webhook",
    status_code=204,
    responses=problems(NotFound),
    summary="Delete a receiver",
)
def delete_endpoint(endpoint_id: EndpointId, caller: AdminWriteKey, context: Context) -> None:
    """Delete the receiver, the record of its deliveries, and the events that wait for it."""
    use_cases.delete_endpoint(context, caller.site_id, endpoint_id)


@router.post(
    "/{endpoint_id}/rotate",
    operation_id="rotate_webhook_secret",
    responses=problems(NotFound, NotConfigured),
    summary="Make a new secret",
)
def post_rotate(endpoint_id: EndpointId, caller: AdminWriteKey, context: Context) -> SecretOut:
    """Make a new secret, which only this answer shows. Both secrets sign for the next 24 hours."""
    return use_cases.rotate_secret(context, caller.site_id, endpoint_id)


@router.post(
    "/{endpoint_id}/test",
    operation_id="test_webhook",
    status_code=202,
    responses=problems(NotFound, EndpointDisabled),
    summary="Send a test event",
)
def post_test(endpoint_id: EndpointId, caller: AdminWriteKey, context: Context) -> QueuedOut:
    """Send `webhook.test` to this receiver alone, even if it has not subscribed to it."""
    return use_cases.send_test(context, caller.site_id, endpoint_id)


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="list_deliveries",
    responses=problems(NotFound),
    summary="List the attempts to reach a receiver",
)
def get_deliveries(
    endpoint_id: EndpointId,
    query: Annotated[DeliveriesQuery, Query()],
    caller: AdminKey,
    context: Context,
) -> DeliveriesOut:
    """Return the attempts of the last week, newest first."""
    return deliveries.list_deliveries(context, caller.site_id, endpoint_id, query)


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    operation_id="redeliver",
    status_code=202,
    responses=problems(NotFound, EndpointDisabled, Gone),
    summary="Send an event again",
)
def post_redeliver(
    endpoint_id: EndpointId, delivery_id: DeliveryId, caller: AdminWriteKey, context: Context
) -> QueuedOut:
    """Send the event of this attempt again, under the same `webhook-id`."""
    return deliveries.redeliver(
        context,
        caller.site_id,
        endpoint_id,
        delivery_id,
    )


@router.post(
    "/{endpoint_id}/redeliver",
    operation_id="redeliver_failed",
    status_code=202,
    responses=problems(NotFound, EndpointDisabled),
    summary="Send again all events that were given up",
)
def post_redeliver_failed(
    endpoint_id: EndpointId, caller: AdminWriteKey, context: Context
) -> RedeliveredOut:
    """Send all events again that the receiver failed to take for five days, oldest first."""
    return deliveries.redeliver_failed(context, caller.site_id, endpoint_id)
