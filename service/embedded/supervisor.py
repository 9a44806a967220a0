"""Start the child processes, restart those that die, and end them all in order."""

import time
from collections.abc import Callable, Iterator

from service.embedded import log_files as logs
from service.embedded.child import Child, Spec
from service.embedded.console import Complaints, StartRefused, say
from service.embedded.guardian import Guardian
from service.embedded.orphans import Record
from service.embedded.stopping import Stopping

TICK = 0.1
HOPELESS = 3
"""Failures of one child in a row, before the service is ready, after which the start ends."""

LOG_CHECK = 10.0
GUARDIAN_PAUSE = 1.0
"""Seconds between two starts of a guardian in the place of a dead one."""

RECORD_PAUSE = 1.0
"""Seconds between two tries to write the list of children."""


class Supervisor:
    """Starts, restarts and ends all children, in one thread.

    Whatever the system refuses one child (a descriptor, room on the disk, its log) is
    told once and tried again: the other children live on.

    Children are ended in the reverse order of their stages; those of one stage
    together. All stages' graces together stay below 10 s.
    """

    def __init__(
        self, guardian: Guardian, stopping: Stopping, record: Record | None = None
    ) -> None:
        """Start nothing yet; `record` is told who the children are."""
        self._record = record
        self._record_due = 0.0
        self._guardian = guardian
        self._stopping = stopping
        self._stages: list[list[Child]] = []
        self._log_check = 0.0
        self._guardian_due = 0.0
        self._complaints = Complaints()

    def start(self, *specs: Spec) -> None:
        """Start one more stage of children; raises StartRefused when one cannot be started."""
        stage = [Child(spec, self._guardian) for spec in specs]
        self._stages.append(stage)
        for child in stage:
            try:
                child.start()
            except OSError as error:
                raise StartRefused(f"{child.spec.name} cannot be started: {error}") from error
            self._keep_record()

    @property
    def jobs_done(self) -> bool:
        """Whether every child with a job to finish has finished it."""
        return all(child.done for child in self._children if child.spec.once)

    def wait_for(self, condition: Callable[[], bool], pace: float = TICK) -> None:
        """Tend the children until the condition holds; it is checked every `pace` seconds.

        Raises StartRefused when a child fails HOPELESS times in a row or a job fails, and
        StopRequested.
        """
        ask_at = 0.0
        while True:
            if time.monotonic() >= ask_at:
                if condition():
                    return
                ask_at = time.monotonic() + pace
            self._tend(starting=True)

    def keep(self) -> None:
        """Tend the children until StopRequested is raised."""
        while True:
            self._tend(starting=False)

    def stop(self) -> None:
        """End all children in order; kill them at once after a second signal."""
        for stage in reversed(self._stages):
            for child in stage:
                child.ask_to_end()
            deadline = time.monotonic() + max(child.spec.grace for child in stage)
            while any(child.running for child in stage) and time.monotonic() < deadline:
                if self._stopping.impatient:
                    break
                time.sleep(0.02)
            for child in stage:
                child.end()
        self._keep_record()

    def _tend(self, *, starting: bool) -> None:
        self._stopping.check()
        self._tend_guardian()
        for child in self._children:
            self._tend_one(child, starting=starting)
        self._keep_record()
        self._bound_logs()
        time.sleep(TICK)

    @property
    def _children(self) -> Iterator[Child]:
        return (child for stage in self._stages for child in stage)

    def _tend_guardian(self) -> None:
        if self._guardian.alive or time.monotonic() < self._guardian_due:
            return
        self._guardian_due = time.monotonic() + GUARDIAN_PAUSE
        with self._complaints.bearing("The guardian cannot be started again"):
            self._guardian.tend()

    def _keep_record(self) -> None:
        if self._record is None or time.monotonic() < self._record_due:
            return
        self._record_due = time.monotonic() + RECORD_PAUSE
        with self._complaints.bearing("The list of children cannot be written"):
            self._record.keep(self._guardian.watched)
            self._record_due = 0.0

    def _tend_one(self, child: Child, *, starting: bool) -> None:
        if child.done:
            return
        code = child.died()
        if child.spec.once:
            self._pass_on(child)
        if code is not None and not child.done:
            self._report(child, code, starting=starting)
        if child.due:
            with self._complaints.bearing(f"{child.spec.name} cannot be started again"):
                child.start()

    def _pass_on(self, child: Child) -> None:
        """Tell on the console what a job has to say."""
        with self._complaints.bearing(f"The log of {child.spec.name} cannot be read"):
            for line in child.heard():
                say(f"  {line}")

    def _report(self, child: Child, code: int, *, starting: bool) -> None:
        spec = child.spec
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        if spec.once:
            raise StartRefused(f"{spec.name} ended {how}; the reason is above and in {spec.log}.")
        if starting and child.failures >= HOPELESS:
            raise StartRefused(
                f"{spec.name} ended {how}, {child.failures} times in a row. "
                f"The end of {spec.log}:\n{logs.tail(spec.log)}"
            )
        say(f"{spec.name} ended {how}; it starts again in {child.pause:.0f} s. See {spec.log}.")

    def _bound_logs(self) -> None:
        if time.monotonic() < self._log_check:
            return
        self._log_check = time.monotonic() + LOG_CHECK
        for child in self._children:
            if not child.done:
                with self._complaints.bearing(f"The log of {child.spec.name} cannot be bounded"):
                    logs.bound(child.spec.log)
