"""Notice when to stop: at a signal, or when the parent process has died."""

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """`netiquette up` has to stop in order; the message says why."""


class Stopping:
    """Notices that `netiquette up` has to stop. One thread calls `check` often.

    After a second signal, `impatient` is true, and the children are killed at once.
    """

    def __init__(self) -> None:
        """Install the signal handlers, and remember the parent process."""
        self._parent = os.getppid()
        self._signals = 0
        for number in SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raise StopRequested after a signal, or after the parent's death."""
        if self._signals:
            raise StopRequested("as asked")
        # `make` cannot pass SIGKILL on, but its child gets another parent then.
        if os.getppid() != self._parent:
            raise StopRequested("the process that started Netiquette has ended")

    @property
    def impatient(self) -> bool:
        """Whether a second signal came."""
        return self._signals > 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
