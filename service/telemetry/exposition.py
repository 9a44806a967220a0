"""Collect the metrics of all processes, and serve them on a port."""

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
    """Return a registry of all processes' metrics, and the queue's if a database is given."""
    numbers = CollectorRegistry()
    if DIRECTORY in os.environ:
        MultiProcessCollector(numbers)  # type: ignore[no-untyped-call]  # the library has no types here
    else:
        numbers.register(REGISTRY)
    if database:
        numbers.register(QueueMetrics(database))
    return numbers


def serve_metrics(settings: Settings, database: Database | None = None) -> None:
    """Serve metrics on the port of the settings, if one is set, until the process ends.

    If the port cannot be opened, this logs a warning, and the process runs on without metrics.
    """
    if settings.metrics_port is None:
        return
    host, port = settings.metrics_host, settings.metrics_port
    try:
        server, _thread = start_http_server(port, host, registry(database))
    except OSError as error:
        log.warning("metrics_not_served", host=host, port=port, error=type(error).__name__)
        return
    # Else a child that outlives its worker would keep the next worker from opening the port.
    os.register_at_fork(after_in_child=server.socket.close)
