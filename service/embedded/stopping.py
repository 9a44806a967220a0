"""When to stop: a signal, or the parent's death however it died."""

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Somebody wants an orderly end."""


class Stopping:
    """Notices that somebody wants `up` to end; asked often, by one thread.

    The second signal ends the waiting for an orderly end: `impatient`.
    """

    def __init__(self) -> None:
        """Take over the signals; remember the parent."""
        self._parent = os.getppid()
        self._signals = 0
        for number in SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise StopRequested when it is time."""
        if self._signals:
            raise StopRequested("as asked")
        # `make` killed with SIGKILL tells nobody; its child gets another parent.
        if os.getppid() != self._parent:
            raise StopRequested("the process that started Netiquette has ended")

    @property
    def impatient(self) -> bool:
        """Whether a second signal came."""
        return self._signals > 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
