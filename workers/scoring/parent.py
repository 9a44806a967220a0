"""A child's eye on its parent: the parent's own watchdog stops together with the parent."""

import os
import signal
import time
from contextlib import suppress

import structlog

from workers.scoring.pulse import Pulse

MAX_GAP_SECONDS = 5.0
"""Between two looks; if there were more, the child was stopped itself, or a model was loaded."""

log = structlog.get_logger(__name__)


class Parent:
    """The parent of a scoring child, which is ended when it was stopped for too long.

    A stopped parent hands out no work, while its children's heartbeats go on, so that the
    service would look ready. SIGKILL reaches a stopped process; whatever supervises the worker
    starts another one.
    """

    def __init__(self, pid: int, pulse: Pulse, patience: float) -> None:
        """Look from now on; `patience`: seconds without a breath after which it is ended."""
        self._pid = pid
        self._pulse = pulse
        self._patience = patience
        self._looked = self._since = time.monotonic()

    @property
    def is_gone(self) -> bool:
        """Whether it has ended. Nothing else would ever end a process without its parent."""
        return os.getppid() != self._pid

    def is_stopped(self) -> bool:
        """Look whether it has not breathed for too long; to be asked each second or so.

        A pause of the child itself begins the time anew, since both may have been suspended.
        A parent that never breathed has no watchdog, and nobody can tell.
        """
        now = time.monotonic()
        if now - self._looked > MAX_GAP_SECONDS:
            self._since = now
        self._looked = now
        breath = self._pulse.breath
        return breath > 0 and now - max(breath, self._since) > self._patience

    def end(self) -> None:
        """Kill it, unless it has ended meanwhile."""
        log.critical(
            "worker_stuck",
            seconds=round(time.monotonic() - self._pulse.breath),
            hint="The worker's parent process was stopped; its child ends both.",
        )
        if not self.is_gone:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
