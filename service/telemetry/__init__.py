"""Logs, metrics and traces. They never hold a text, a secret or a query."""

from service.telemetry.logs import configure_logging
from service.telemetry.servers import log_as_server
from service.telemetry.shared import share_numbers

# At import, since it must run before prometheus_client is imported anywhere.
share_numbers()

__all__ = ["configure_logging", "log_as_server"]
