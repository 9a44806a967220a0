"""`make faults`: let everything fail that can, and prove that nothing was lost.

SEED=…       a number that was printed, to see the same faults and the same traffic again
FAULTS=…     how many faults on each database (default 100)
DATABASES=…  `sqlite`, `postgres`, or both separated by a comma (the default)
ROUND=…      only this round of the plan
ENGINE=…     `bundled`: the bundled model with the usual limits, instead of the tests' engine
"""

import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.db import Database
from service.embedded.console import say
from tests.faults import plan
from tests.faults.disk import small_disk
from tests.faults.postgres import postgres
from tests.faults.rounds import Ground, Outcome
from tests.faults.tree import tree

START = 120.0
UNTIL_TOLD = 60.0


@dataclass(frozen=True)
class Options:
    """What the environment asks for."""

    seed: int
    faults: int
    databases: tuple[str, ...]
    only: int | None
    bundled: bool

    @classmethod
    def read(cls) -> "Options":
        """Return them; a seed is drawn where none is given."""
        return cls(
            seed=int(os.environ.get("SEED") or secrets.randbelow(10**6)),
            faults=int(os.environ.get("FAULTS") or 100),
            databases=tuple((os.environ.get("DATABASES") or "sqlite,postgres").split(",")),
            only=int(os.environ["ROUND"]) if os.environ.get("ROUND") else None,
            bundled=os.environ.get("ENGINE") == "bundled",
        )

    def again(self, database: str, number: int) -> str:
        """Return the command line that plays a round again."""
        engine = "ENGINE=bundled " if self.bundled else ""
        return (
            f"SEED={self.seed} FAULTS={self.faults} DATABASES={database} ROUND={number} "
            f"{engine}make faults"
        )


def run(options: Options, database: str) -> int:
    """Play all rounds on one database, and print what became of them; return how many failed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        disk = stack.enter_context(small_disk(folder))
        server = stack.enter_context(postgres(folder)) if database == "postgres" else None
        running = stack.enter_context(
            tree(folder, server.url if server else None, bundled=options.bundled)
        )
        say(f"\n{database}: its disk is {disk.method}")
        if not running.wait_until(running.is_whole, START):
            say(f"It does not start.\n{running.said()[-8000:]}")
            return 1
        ground = Ground(running, disk, Database(running.database_url), server, options.bundled)
        stack.callback(ground.database.dispose)
        outcomes = list(_play(options, database, ground))
        late = list(_check_at_the_end(ground, outcomes))
        for problem in late:
            say(f"  ! at the end: {problem}")
        if late or any(outcome.problems for outcome in outcomes):
            keep = Path(tempfile.mkdtemp(prefix="faults-logs-")) / f"{database}.log"
            keep.write_text(running.said(), "utf-8")
            say(f"  ! logs: {keep}")
        _sum_up(database, outcomes)
        return sum(bool(outcome.problems) for outcome in outcomes) + bool(late)


def _play(options: Options, database: str, ground: Ground) -> Iterator[Outcome]:
    say(f"{'round':>5}  {'accepted':>8}  {'retries':>7}  {'back after':>10}  faults")
    for planned in plan.rounds(options.seed, options.faults, postgres=database == "postgres"):
        if options.only not in (None, planned.number):
            continue
        outcome = ground.play(planned)
        ledger = outcome.ledger
        say(
            f"{planned.number:>5}  {len(ledger.comments):>8}  {ledger.retries:>7}  "
            f"{outcome.recovery:>8.1f} s  {planned}{'' if not outcome.problems else '  FAILED'}",
        )
        for problem in outcome.problems[:10]:
            say(f"  ! {problem}")
        if outcome.problems:
            say(f"  ! again: {options.again(database, planned.number)}")
        yield outcome


def _check_at_the_end(ground: Ground, outcomes: list[Outcome]) -> Iterator[str]:
    """Yield what is wrong with any site, long after its own round."""
    now = datetime.now(UTC)
    if not ground.wait_told(UNTIL_TOLD):
        yield "there are events without a number"
    for outcome in outcomes:
        for problem in ground.check_tables(outcome, now):
            yield f"round {outcome.round.number}: {problem}"
    if "zwetschge" in ground.tree.said():
        yield "a text stands in a log"


def _sum_up(database: str, outcomes: list[Outcome]) -> None:
    faults = sum(len(outcome.round.faults) for outcome in outcomes)
    recoveries = sorted(outcome.recovery for outcome in outcomes)
    say(
        f"{database}: {faults} faults in {len(outcomes)} rounds, "
        f"{sum(len(outcome.ledger.comments) for outcome in outcomes)} comments and "
        f"{sum(outcome.ledger.operations for outcome in outcomes)} operations accepted or refused; "
        f"back after {recoveries[len(recoveries) // 2]:.1f} s (median), {recoveries[-1]:.1f} s "
        f"(longest); {sum(bool(outcome.problems) for outcome in outcomes)} rounds failed"
    )


def main() -> int:
    """Run what the environment asks for; return the exit code."""
    # Ended from outside, it takes its processes and its disk along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options, began = Options.read(), time.monotonic()
    say(f"SEED={options.seed} FAULTS={options.faults}")
    failed = sum(run(options, database) for database in options.databases)
    say(f"\nSEED={options.seed}: {failed} failed, {time.monotonic() - began:.0f} s")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
