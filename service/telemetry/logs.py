"""Write logs as JSON lines, with ids of request, site and comment, but never texts or secrets."""

import logging
import sys

import structlog
from opentelemetry import trace
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger


def configure_logging() -> None:
    """Write the records of structlog and of the standard library to stderr as JSON lines."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_without_messages),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # A server's stderr has been replaced by one that logs: see `service.telemetry.servers`.
    handler = logging.StreamHandler(getattr(sys.stderr, "beneath", sys.stderr))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the id of the current trace, so that a log line leads to its trace."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


# Local variables could hold a text (invariant 8).
_as_dicts = ExceptionDictTransformer(show_locals=False)


def _without_messages(exc_info: ExcInfo) -> list[dict[str, object]]:
    """Return only the types and places of the errors, since a database's message quotes its row."""
    errors = _as_dicts(exc_info)
    for error in errors:
        for quoting in ("exc_value", "exc_notes", "exceptions", "syntax_error"):
            error.pop(quoting, None)
    return errors
