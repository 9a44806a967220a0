"""Log as a server does: JSON to the last line, whoever writes it."""

import io
import logging
import sys
import threading
from types import TracebackType

import structlog

from service.telemetry.logs import configure_logging

log = structlog.get_logger(__name__)


class LinesAsLogs(io.TextIOBase):
    """A stream whose lines become log records, for libraries that print.

    Celery and kombu print when they stop; the standard library prints tracebacks.
    """

    def __init__(self, beneath: object) -> None:
        """Keep the stream that it stands for."""
        self.beneath = beneath
        self._begun = ""

    def write(self, text: str) -> int:
        """Log each line that is complete and not blank."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            logging.getLogger("printed").info(line.rstrip())
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return None, by which Celery knows that it cannot write past this object.

        It writes at a signal, when no lock may be taken.
        """
        return None  # type: ignore[return-value]


def log_as_server() -> None:
    """Write everything to stderr as JSON lines: records, prints, warnings and uncaught errors.

    Only what native code writes, when the process dies in it, is not JSON. Call it before
    anything else; calling it again does no harm.
    """
    configure_logging()
    # A record that cannot be written, as the disk is full, is dropped. Its handler would print a
    # traceback, which is a record itself, and so on until the stack is full.
    logging.raiseExceptions = False
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        stream = getattr(sys, name)
        if not isinstance(stream, LinesAsLogs):
            setattr(sys, name, LinesAsLogs(stream))
    sys.excepthook = _tell
    sys.unraisablehook = lambda found: _tell(found.exc_type, found.exc_value, found.exc_traceback)
    threading.excepthook = lambda found: _tell(found.exc_type, found.exc_value, found.exc_traceback)


def _tell(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Log an error by its type and place; its message could quote a text."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("uncaught_error", exc_info=(kind, error, trace), error=kind.__name__)
