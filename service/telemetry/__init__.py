"""What the service tells of itself: logs, metrics, traces. Never a text, a secret or a query."""

from service.telemetry.logs import configure_logging
from service.telemetry.shared import share_numbers

# Here, since it must come before any import of prometheus_client.
share_numbers()

__all__ = ["configure_logging"]
