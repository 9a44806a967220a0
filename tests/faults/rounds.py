"""One round: faults under traffic, then quiet, then the checks."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select

from service.backup.files import BackupRefused
from service.db import Database
from service.http.callers import Scope
from service.ids import new_id
from service.tables import Comment, Event
from service.testing.backend import make_key
from service.testing.rows import add_site, insert_comment
from tests.faults.answers import check_answers
from tests.faults.disk import Disk
from tests.faults.injecting import Injector
from tests.faults.ledger import Kept, Ledger
from tests.faults.plan import Fault, Round
from tests.faults.postgres import Postgres
from tests.faults.quiet import nothing_waits
from tests.faults.record import check_tables
from tests.faults.traffic import Site, Traffic
from tests.faults.tree import Tree

BEFORE, AFTER = 0.5, 1.5
"""Seconds of traffic before the first fault, and after the last has passed."""

PATIENCE = 90.0
"""Seconds from the last fault's passing until everything must be decided."""

IN_THE_WAY = (SQLAlchemyError, sqlite3.Error, psycopg.Error, OSError, BackupRefused)
"""What says that a fault cannot be brought about before another has passed: no policy is
switched on a full disk."""


@dataclass
class Outcome:
    """What became of a round."""

    round: Round
    site: Site
    ledger: Ledger
    recovery: float = 0.0
    """Seconds from the last fault's passing until everything was decided and all was there."""
    problems: list[str] = field(default_factory=list)


@dataclass
class Ground:
    """What the rounds of a run take place on."""

    tree: Tree
    disk: Disk
    database: Database
    postgres: Postgres | None
    bundled: bool

    def play(self, planned: Round) -> Outcome:
        """Let the round happen; returns what became of it."""
        rows = add_site(self.database, f"site-{new_id()}")
        token = make_key(self.database, rows.site_id, *Scope, rate="9999/second")
        site = Site(rows.site_id, self.tree.url, token)
        outcome = Outcome(planned, site, Ledger())
        traffic = Traffic(site, outcome.ledger, planned.seed)
        traffic.start()
        self.tree.rest(BEFORE)
        self._let_happen(outcome, traffic)
        passed = time.monotonic()
        self.tree.rest(AFTER)
        traffic.stop()
        self.tree.wait_until(traffic.is_over, PATIENCE)
        # A nudge that got lost: only the sweep can find this one.
        with self.database.write() as session:
            found = insert_comment(session, rows, "Danke! zwetschge-0")
        outcome.ledger.accepted(Kept(str(found), "zwetschge-0", {1: "Danke! zwetschge-0"}))
        quiet = self.tree.wait_until(lambda: self._is_quiet(site), PATIENCE)
        outcome.recovery = time.monotonic() - passed
        outcome.problems = list(self._problems(outcome, quiet=quiet))
        return outcome

    def _let_happen(self, outcome: Outcome, traffic: Traffic) -> None:
        """Bring the round's faults about and let them pass, each in its time."""
        complain = outcome.ledger.complain
        injector = Injector(
            self.tree, self.disk, self.database, self.postgres, outcome.site, traffic, complain
        )
        began = time.monotonic()
        passing, late = [], []
        for fault in sorted(outcome.round.faults, key=lambda fault: fault.after):
            self._rest_until(began + fault.after)
            try:
                passing.append((fault, injector.inject(fault)))
            except IN_THE_WAY:
                late.append(fault)
        for fault, let_pass in sorted(passing, key=lambda pair: _end(pair[0])):
            self._rest_until(began + _end(fault))
            let_pass()
        for fault in late:
            let_pass = injector.inject(fault)
            self.tree.rest(fault.seconds)
            let_pass()
        for look in injector.afterwards:
            look()

    def _rest_until(self, moment: float) -> None:
        self.tree.rest(max(0.0, moment - time.monotonic()))

    def _is_quiet(self, site: Site) -> bool:
        """Tell whether all is there, and nothing of the site waits or is held."""
        return self.tree.is_whole() and nothing_waits(self.database, site.id)

    def _problems(self, outcome: Outcome, *, quiet: bool) -> Iterator[str]:
        yield from outcome.ledger.wrong
        if not quiet:
            yield f"it never got quiet; not there: {self.tree.missing() or 'nobody'}"
        try:
            # Whoever reads the API's events numbers what is due by now.
            now = datetime.now(UTC)
            yield from check_answers(outcome.site, outcome.ledger)
            yield from self.check_tables(outcome, now)
        except (httpx2.HTTPError, SQLAlchemyError) as error:
            yield f"it cannot be checked: {type(error).__name__}"

    def check_tables(self, outcome: Outcome, now: datetime) -> Iterator[str]:
        """Yield everything that is wrong with the outcome's site in the tables.

        `now`: whatever was due by then has been done.
        """
        with self.database.read() as session:
            kept = select(Comment.id).where(col(Comment.site_id) == outcome.site.id)
            stray = {str(found) for found in session.exec(kept)} ^ outcome.ledger.comments.keys()
            if stray:
                yield f"comments that were kept twice, or not at all: {sorted(stray)}"
            yield from check_tables(session, outcome.site.id, now, bundled=self.bundled)

    def wait_told(self, seconds: float) -> bool:
        """Wait until every event of every site has its number; tell whether it came true."""
        unnumbered = select(func.count()).where(
            col(Event.sequence).is_(None), col(Event.cancelled_at).is_(None)
        )

        def all_told() -> bool:
            with self.database.read() as session:
                return session.exec(unnumbered).one() == 0

        return self.tree.wait_until(all_told, seconds)


def _end(fault: Fault) -> float:
    return fault.after + fault.seconds
