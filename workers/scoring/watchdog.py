"""Ends a scoring worker that does nothing although work waits.

Celery's time limit ends a child that hangs in a task. Nobody else notices a child that was
stopped between two tasks, or a parent whose loop waits for a lock for ever. A parent that was
stopped stops its watchdog, too: `workers.scoring.parent` is for the children, who end it.
"""

import os
import threading
import time
from collections.abc import Callable

import structlog
from sqlmodel import select

from service import clock
from service.db import Database
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import Analysis
from workers.scoring import analyses, leases
from workers.scoring.pulse import Pulse

LOOK_SECONDS = 10.0
"""Between two looks."""

BREATH_SECONDS = 1.0
"""Between two signs to the children that this process was not stopped."""

MARGIN_SECONDS = 30.0
"""Beyond a lease, which outlasts the longest task: for Celery to start another child."""

MAX_GAP_SECONDS = 3 * LOOK_SECONDS
"""Between two looks, by either clock; if there were more, the machine was suspended."""

log = structlog.get_logger(__name__)


class Watchdog:
    """Looks after the children of this process, in a thread beside a loop that may be stuck.

    A look is bad if work waits, no child began or ended a task since the look before, and the
    broker takes another nudge for it. Enough bad looks in a row end the worker: whatever
    supervises it starts another one. A look that cannot tell, since the database or the broker
    is away, begins the row anew; so does a pause, in which nobody could work.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        pulse: Pulse,
        nudge: Callable[[Lane], None],
        end: Callable[[], None],
    ) -> None:
        """Start nothing yet; `nudge` raises when the broker is away, `end` ends this process.

        The database is for the watchdog alone.
        """
        self._database = database
        self._pulse = pulse
        self._nudge = nudge
        self._end = end
        self._enough = enough_looks(settings)
        self._bad = 0
        self._last = 0.0
        self._looked = _clocks()
        self._looking = threading.Lock()

    def start(self) -> None:
        """Look from now on, until the process ends.

        Nobody forks during a look: a child would inherit the locks of SQLite's library and
        an open connection.
        """
        release = self._looking.release
        os.register_at_fork(
            before=self._looking.acquire, after_in_parent=release, after_in_child=release
        )
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        # In a thread of its own, since a look may wait for the database for long.
        threading.Thread(target=self._breathe, name="breath", daemon=True).start()

    def _breathe(self) -> None:
        while True:
            self._pulse.breathe()
            time.sleep(BREATH_SECONDS)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._looking:
                self.look()

    def look(self) -> None:
        """Look once; end the worker after enough bad looks in a row."""
        self._bad = self._bad + 1 if self._is_bad() else 0
        if self._bad >= self._enough:
            log.critical(
                "worker_stuck",
                seconds=round(time.monotonic() - self._pulse.last),
                hint="Work waits, and no process of this worker does it: the worker ends itself.",
            )
            self._end()

    def _is_bad(self) -> bool:
        last, before = self._pulse.last, self._last
        self._last = last
        idle = last == before and last > 0 and not self._pulse.is_loading
        if self._was_suspended() or not idle:
            return False
        try:
            lane = self._waiting()
            if lane is None:
                return False
            self._nudge(lane)
        except Exception as error:  # noqa: BLE001 - whatever is away, it is not the children
            log.warning("watchdog_cannot_tell", error=type(error).__name__)
            return False
        finally:
            self._database.dispose()
        return True

    def _was_suspended(self) -> bool:
        before, self._looked = self._looked, _clocks()
        gaps = (now - then for now, then in zip(self._looked, before, strict=True))
        return any(not 0 <= gap <= MAX_GAP_SECONDS for gap in gaps)

    def _waiting(self) -> Lane | None:
        """Return a lane in which something waits that nobody holds."""
        with self._database.read() as session:
            query = select(Analysis.id).where(analyses.leasable(clock.now())).limit(1)
            if session.exec(query).first():
                return Lane.WAITING
        return leases.most_urgent(self._database, max(Lane))


def enough_looks(settings: Settings) -> int:
    """Return how many bad looks in a row it takes: the longest task and more fits between them."""
    return round((settings.lease_seconds + MARGIN_SECONDS) / LOOK_SECONDS) + 1


def patience(settings: Settings) -> float:
    """Return the seconds between the first bad look of a row and the last."""
    return (enough_looks(settings) - 1) * LOOK_SECONDS


def _clocks() -> tuple[float, float]:
    """Return the monotonic time and the wall's: a suspended machine may stop the former."""
    return time.monotonic(), clock.now().timestamp()
