"""Where metrics can be read: on a port of their own, or by token at the API's /metrics."""

import hmac
import os

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from service.context import Services
from service.db import Database
from service.settings import Settings
from service.telemetry.metrics import REGISTRY
from service.telemetry.queue_metrics import QueueMetrics
from service.telemetry.shared import DIRECTORY

router = APIRouter()

log = structlog.get_logger(__name__)


def registry(database: Database | None) -> CollectorRegistry:
    """Return what is told: the numbers of all processes that share them, and the queue's."""
    told = CollectorRegistry()
    if DIRECTORY in os.environ:
        MultiProcessCollector(told)  # type: ignore[no-untyped-call]  # the library has no types here
    else:
        told.register(REGISTRY)
    if database:
        told.register(QueueMetrics(database))
    return told


def serve_metrics(settings: Settings, database: Database | None = None) -> None:
    """Serve on the metrics port, where one is set, as long as the process lives.

    A port that cannot be had costs the metrics, not the service.
    """
    if settings.metrics_port is None:
        return
    host, port = settings.metrics_host, settings.metrics_port
    try:
        server, _thread = start_http_server(port, host, registry(database))
    except OSError as error:
        log.warning("metrics_not_served", host=host, port=port, error=type(error).__name__)
        return
    # A child that outlives its worker must not keep the port from the next one.
    os.register_at_fork(after_in_child=server.socket.close)


@router.get("/metrics", include_in_schema=False)
def read_metrics(request: Request, context: Services) -> Response:
    """Give the metrics to whoever has the token; for anybody else there is no such path."""
    token = context.settings.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = token.get_secret_value().encode() if token else b""
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
        raise HTTPException(404)
    return Response(generate_latest(registry(context.database)), media_type=CONTENT_TYPE_LATEST)
