"""What the service tells of itself: logs, metrics, traces. Never a text, a secret or a query."""

from service.telemetry.logs import configure_logging

__all__ = ["configure_logging"]
