"""Trace a comment from the API through Celery to the worker, with OpenTelemetry.

Traces are sent only where OTEL_EXPORTER_OTLP_ENDPOINT is set. Without it the SDK is not
imported, and every span is an empty one of OpenTelemetry's API. The standard variables
(OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …) apply.

A nudge belongs to no single request: nudges are merged, and a worker takes the oldest
comments, not those that it was nudged for. So the nudge's span is a child of the first
caller's span, and links to those of the others, as OpenTelemetry specifies for batches
(https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). At low load a
trace shows the whole way of one comment, and under load that of one batch. The
attribute `netiquette.comments` names the comments of a batch, and each request's span
names its comment, too. A nudge for the rest of a queue starts a new trace. Otherwise
the trace of one caller could hold the backlog of a day.

Only the `traceparent` is sent (W3C Trace Context), which holds ids made by us or by the
caller. `tracestate` and `baggage` are not: a caller could use them to send a text through
the broker (invariant 8).
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
HEADER = "traceparent"
MAX_LINKS = 32

STOP_SECONDS = 1.0
"""Seconds that the end of a process may wait for a collector."""

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("netiquette")
_provider: "TracerProvider | None" = None

log = structlog.get_logger(__name__)


def start_tracing(process: str) -> None:
    """Send this process's spans as service `netiquette-<process>`, if an endpoint is set.

    The sending thread does not survive a fork, so each child process must call this.
    """
    global _provider  # noqa: PLW0603 - OpenTelemetry's provider is one per process, too
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    os.environ.setdefault("OTEL_SERVICE_NAME", f"netiquette-{process}")
    try:
        from service.telemetry.exporting import create_provider  # noqa: PLC0415 - the extra `tracing`
    except ModuleNotFoundError as error:
        log.warning("no_tracing", missing=error.name, hint="Install the extra `tracing`.")
        return
    _provider = create_provider()
    trace.set_tracer_provider(_provider)


def stop_tracing() -> None:
    """Send the remaining spans; wait at most STOP_SECONDS for the collector."""
    if _provider:
        sending = threading.Thread(target=_provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)


def current_caller() -> SpanContext | None:
    """Return the context of the current span, or None where nothing is traced.

    A later span can name it as its parent or link.
    """
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


@contextmanager
def publishing(queue: str, callers: Sequence[SpanContext]) -> Iterator[dict[str, str]]:
    """Trace a nudge that these callers wait for, and give the headers for its message."""
    headers: dict[str, str] = {}
    if not callers:
        yield headers
        return
    first = trace.set_span_in_context(NonRecordingSpan(callers[0]), Context())
    links = [Link(caller) for caller in callers[1:]]
    with span(f"nudge {queue}", first, SpanKind.PRODUCER, links):
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        headers[HEADER] = carrier[HEADER]
        yield headers


def handling(queue: str, traceparent: str | None) -> AbstractContextManager[Span]:
    """Trace the work that a message asks for; `traceparent` is the message's header, if any."""
    carrier = {HEADER: traceparent} if traceparent else {}
    return span(f"score {queue}", _propagator.extract(carrier, Context()), SpanKind.CONSUMER)


def describe(**attributes: str | Sequence[str]) -> None:
    """Add attributes to the current span, each named `netiquette.<name>`."""
    trace.get_current_span().set_attributes(
        {f"netiquette.{name}": value for name, value in attributes.items()}
    )


def span(
    name: str,
    parent: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Sequence[Link] = (),
) -> AbstractContextManager[Span]:
    """Trace a step as a span. Errors' messages are left out, since they may quote a text."""
    return _tracer.start_as_current_span(
        name, parent, kind, links=links, record_exception=False, set_status_on_exception=False
    )
