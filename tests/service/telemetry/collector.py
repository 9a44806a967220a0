"""A stub of an OpenTelemetry collector: an HTTP server that keeps what it is sent."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """One span, as a collector sees it."""

    service: str
    name: str
    trace: bytes
    id: bytes
    parent: bytes
    links: tuple[bytes, ...]
    """Ids of the spans that it links to."""
    attributes: dict[str, Any]
    state: str
    """What a caller may have put into `tracestate`."""


class Collector:
    """Listens on a free port; use as a context manager."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies
        self._answering = answering = threading.Event()
        answering.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    bodies.append(body)
                answering.wait()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def silence(self) -> None:
        """Take what is sent, but answer nobody any more."""
        self._answering.clear()

    def close(self) -> None:
        """Stop listening; again does nothing."""
        self._answering.set()
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Received]:
        return [span for body in list(self.bodies) for span in _parse(body)]


def _parse(body: bytes) -> Iterator[Received]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(resource.resource)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Received(
                    service=service,
                    name=span.name,
                    trace=span.trace_id,
                    id=span.span_id,
                    parent=span.parent_span_id,
                    links=tuple(link.span_id for link in span.links),
                    attributes=_attributes(span),
                    state=span.trace_state,
                )


def _attributes(owner: Any) -> dict[str, Any]:
    return {item.key: _value(item.value) for item in owner.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind)
