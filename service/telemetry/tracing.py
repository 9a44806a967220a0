"""Traces (OpenTelemetry) from the API over Celery to the worker, where an endpoint is set.

Without OTEL_EXPORTER_OTLP_ENDPOINT nothing of the SDK is imported and every span is
the API's empty one. The standard variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER,
OTEL_EXPORTER_OTLP_HEADERS, …) hold.

Whose trace does a nudge belong to? Nudges coalesce, and a worker takes from the
database what is oldest, not what it was nudged for; so no message belongs to one
request. The nudge's span is a child of the first caller who waits for it, and links
to the others, as OpenTelemetry has it for batches
(https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). So at low
load a trace shows one comment's whole way, and under load one batch's; what a batch
really held is in its attribute `netiquette.comments`, and each request's span names
its comment too. A nudge for the rest of a queue starts a trace of its own: else the
trace of one caller would hold the backlog of a day.

Only the `traceparent` travels (W3C Trace Context): ids made by us or by the caller,
never `tracestate` or `baggage`, in which a caller could send a text through the
broker (invariant 8).
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
"""How long the end of a process may wait for a collector."""

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("netiquette")
_provider: "TracerProvider | None" = None

log = structlog.get_logger(__name__)


def start_tracing(process: str) -> None:
    """Send this process's spans, as service `netiquette-<process>`, if an endpoint is set.

    Its thread does not survive a fork, so each child calls this for itself.
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
    """Send what is left; a collector that does not answer costs STOP_SECONDS."""
    if _provider:
        sending = threading.Thread(target=_provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)


def current_caller() -> SpanContext | None:
    """Return what a later span can name as its cause; None where nothing is traced."""
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


@contextmanager
def publishing(queue: str, callers: Sequence[SpanContext]) -> Iterator[dict[str, str]]:
    """Trace a nudge that these callers wait for; gives the message's headers."""
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
    """Trace the work that a message asks for; `traceparent` is its header, if it has one."""
    carrier = {HEADER: traceparent} if traceparent else {}
    return span(f"score {queue}", _propagator.extract(carrier, Context()), SpanKind.CONSUMER)


def describe(**attributes: str | Sequence[str]) -> None:
    """Add ids to the current span, named `netiquette.<name>`."""
    trace.get_current_span().set_attributes(
        {f"netiquette.{name}": value for name, value in attributes.items()}
    )


def span(
    name: str,
    parent: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Sequence[Link] = (),
) -> AbstractContextManager[Span]:
    """Trace a step. An error's message is left out: it may quote a text."""
    return _tracer.start_as_current_span(
        name, parent, kind, links=links, record_exception=False, set_status_on_exception=False
    )
