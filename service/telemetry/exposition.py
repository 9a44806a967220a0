"""The metrics of all processes together, and the port where they can be read."""

import os

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from service.db import Database
from service.settings import Settings
from service.telemetry.metrics import REGISTRY
from service.telemetry.queue_metrics import QueueMetrics
from service.telemetry.shared import DIRECTORY

log = structlog.get_logger(__name__)


def registry(database: Database | None) -> CollectorRegistry:
    """Return a registry: the numbers of all processes that share them, and the queue's."""
    numbers = CollectorRegistry()
    if DIRECTORY in os.environ:
        MultiProcessCollector(numbers)  # type: ignore[no-untyped-call]  # the library has no types here
    else:
        numbers.register(REGISTRY)
    if database:
        numbers.register(QueueMetrics(database))
    return numbers


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
