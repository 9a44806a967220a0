"""Send traces with OpenTelemetry's SDK and exporter, which the extra `tracing` installs."""

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

REDACTED = "REDACTED"
TELLING = ("url.path", "url.query", "http.request.method_original")
"""Attributes that FastAPI copies from requests. They may hold a key, or name a member."""


def create_provider() -> TracerProvider:
    """Return a provider that sends redacted spans, as the OTEL_* variables configure it."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(_Discretion())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class _Discretion(SpanProcessor):
    """Redacts the attributes that callers control, before a span can be sent."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        """Redact the attributes TELLING of a new span."""
        for name in TELLING:
            if name in (span.attributes or {}):
                span.set_attribute(name, REDACTED)
