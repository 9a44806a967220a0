"""The API's /metrics endpoint, for callers with the metrics token."""

import hmac

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from service.http.context import Context
from service.telemetry.exposition import registry

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
def read_metrics(request: Request, context: Context) -> Response:
    """Return the metrics to a caller with the metrics token, and 404 to any other caller."""
    token = context.settings.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = token.get_secret_value().encode() if token else b""
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
        raise HTTPException(404)
    return Response(generate_latest(registry(context.database)), media_type=CONTENT_TYPE_LATEST)
