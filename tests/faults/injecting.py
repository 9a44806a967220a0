"""How each fault is brought about, and how it passes."""

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import psutil
import psycopg
import redis
from sqlalchemy import text
from sqlmodel import col, func, select

from service.db import Database
from service.policy.document import FIRST_POLICY
from service.tables import Policy
from service.tables import Site as SiteRow
from tests.faults.disk import Disk
from tests.faults.plan import Fault
from tests.faults.postgres import Postgres
from tests.faults.traffic import Site, Traffic
from tests.faults.tree import Tree

Passing = Callable[[], object]
"""Lets the fault pass."""


def by_itself() -> None:
    """Let a fault pass that passes by itself."""


@dataclass
class Injector:
    """Everything that a fault can be brought upon."""

    tree: Tree
    disk: Disk
    database: Database
    postgres: Postgres | None
    site: Site
    traffic: Traffic

    def inject(self, fault: Fault) -> Passing:
        """Bring it about; returns what lets it pass, to be called once."""
        method: Callable[[Fault], Passing] = getattr(self, f"_{fault.kind.name.lower()}")
        return method(fault)

    def _kill(self, fault: Fault) -> Passing:
        self.tree.signal(fault.target, SIGKILL)
        return by_itself

    def _restart(self, fault: Fault) -> Passing:
        self.tree.signal(fault.target, SIGTERM)
        return by_itself

    def _stop(self, fault: Fault) -> Passing:
        stopped = self.tree.signal(fault.target, SIGSTOP)

        def go_on() -> None:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(SIGCONT)

        return go_on

    def _valkey_emptied(self, _fault: Fault) -> Passing:
        client = redis.Redis.from_url(self.tree.broker_url, socket_timeout=2)
        # It may be dead or stopped at the moment, and comes back empty then.
        with closing(client), suppress(redis.RedisError):
            client.flushall()
        return by_itself

    def _valkey_silent(self, _fault: Fault) -> Passing:
        self.tree.proxy.silence()
        return self.tree.proxy.speak

    def _long_reader(self, _fault: Fault) -> Passing:
        """Keep an old snapshot: SQLite's log cannot be emptied meanwhile."""
        connection = self.database.engine.connect()
        connection.execute(text("SELECT count(*) FROM comment"))
        return connection.close

    def _long_writer(self, _fault: Fault) -> Passing:
        """Hold what every writer needs: SQLite's file, or the table of comments."""
        if self.postgres:
            server = self._to_postgres()
            server.execute("LOCK TABLE comment IN EXCLUSIVE MODE")
            return server.close
        file = self._to_sqlite(timeout=30)
        file.execute("BEGIN IMMEDIATE")
        return file.close

    def _database_restarted(self, _fault: Fault) -> Passing:
        return self._end_postgres("fast")

    def _database_crashed(self, _fault: Fault) -> Passing:
        return self._end_postgres("immediate")

    def _end_postgres(self, mode: str) -> Passing:
        assert self.postgres
        self.postgres.end(mode)
        return self.postgres.ensure

    def _database_stopped(self, _fault: Fault) -> Passing:
        assert self.postgres
        stopped = self.postgres
        stopped.signal(SIGSTOP)
        return lambda: stopped.signal(SIGCONT)

    def _disk_full(self, _fault: Fault) -> Passing:
        def make_room() -> None:
            self.disk.empty(self._writers())
            # It gives up where it cannot write its log; whoever supervises it starts it.
            if self.postgres:
                self.postgres.ensure()

        self._begin_new_log()
        self.disk.fill(self._writers())
        return make_room

    def _begin_new_log(self) -> None:
        """Leave no log to write into, without which much would still fit in."""
        # It may be dead, stopped or locked at the moment.
        with suppress(sqlite3.OperationalError, psycopg.Error):
            if self.postgres:
                with closing(self._to_postgres()) as server:
                    server.execute("SELECT pg_switch_wal()")
            else:
                with closing(self._to_sqlite(timeout=1)) as file:
                    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _to_postgres(self) -> psycopg.Connection:
        url = self.tree.database_url.replace("+psycopg", "")
        return psycopg.connect(url, connect_timeout=3)

    def _to_sqlite(self, timeout: float) -> sqlite3.Connection:
        path = self.tree.var / "netiquette.db"
        return sqlite3.connect(path, timeout, isolation_level=None, check_same_thread=False)

    def _writers(self) -> list[psutil.Process]:
        return self.tree.processes() + (self.postgres.processes() if self.postgres else [])

    def _clock_forward(self, fault: Fault) -> Passing:
        return self._step(float(fault.target.split()[0]))

    def _clock_back(self, fault: Fault) -> Passing:
        return self._step(-float(fault.target.split()[0]))

    def _step(self, seconds: float) -> Passing:
        self.tree.clock.seconds += seconds

        def step_back() -> None:
            self.tree.clock.seconds -= seconds

        return step_back

    def _poison(self, fault: Fault) -> Passing:
        """Have a comment posted that the engine fails at, which must hold nobody up."""
        self.traffic.post_poison(fault.target)
        return by_itself

    def _policy_switched(self, _fault: Fault) -> Passing:
        """Switch to a policy that lets pass what the one before flagged."""
        lenient = FIRST_POLICY.model_copy(update={"flag_at": {"toxicity": 0.95}})
        with self.database.write() as session:
            site = session.get_one(SiteRow, self.site.id)
            last = session.exec(
                select(func.max(col(Policy.version))).where(col(Policy.site_id) == site.id)
            ).one()
            document = lenient.model_dump(mode="json")
            session.add(Policy(site_id=site.id, version=last + 1, document=document))
            session.flush()
            site.active_policy = last + 1
        return by_itself

    def _model_switched(self, _fault: Fault) -> Passing:
        """Put another model there, and restart the worker, which loads it."""
        self.tree.model.write_text(secrets.token_hex())
        self.tree.signal("score", SIGTERM)
        return by_itself
