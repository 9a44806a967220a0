"""How each fault is brought about, and how it passes."""

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import psutil
import psycopg
import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select

from service.db import Database
from service.policy.document import FIRST_POLICY
from service.tables import Policy
from service.tables import Site as SiteRow
from tests.faults.disk import Disk
from tests.faults.files import Files
from tests.faults.plan import Fault
from tests.faults.postgres import Postgres
from tests.faults.quiet import nothing_waits
from tests.faults.traffic import Site, Traffic
from tests.faults.tree import Tree
from tests.support.fake_worker import KEEPS_A_LOCK

REST_BEFORE, REST_AFTER = 0.3, 0.5
"""Seconds without a request before and after something is stopped that is to be idle."""

UNTIL_IDLE = 5.0
"""Seconds to wait for that, unless another fault is in the way."""

UNTIL_REPLACED = 180.0
"""Seconds: beyond the patience of the watchdog, with the usual limits, too."""

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
    complain: Callable[[str], None]
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    """What to look at once all faults of the round have passed: they may be in its way."""

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
        return lambda: _go_on(stopped)

    def _stop_idle(self, fault: Fault) -> Passing:
        return self._while_idle(lambda: self._stop(fault))

    def _freeze(self, fault: Fault) -> Passing:
        """Stop it for good: somebody must replace it.

        Of several children one is enough: it does the others' work, until they go on.
        """
        stopped = self.tree.signal(fault.target, SIGSTOP)

        def is_replaced() -> bool:
            return not (stopped and all(map(_exists, stopped)))

        def see_replaced() -> None:
            if not self.tree.wait_until(is_replaced, UNTIL_REPLACED):
                self.complain(f"{fault.target} was stopped, and nobody replaced it")
            _go_on(stopped)

        self.afterwards.append(see_replaced)
        return by_itself

    def _freeze_idle(self, fault: Fault) -> Passing:
        return self._while_idle(lambda: self._freeze(fault))

    def _while_idle(self, stop: Callable[[], Passing]) -> Passing:
        """Let the traffic rest while something is stopped."""
        self.traffic.pause()
        self.tree.wait_until(lambda: nothing_waits(self.database, self.site.id), UNTIL_IDLE)
        self.tree.rest(REST_BEFORE)
        try:
            return stop()
        finally:
            self.tree.rest(REST_AFTER)
            self.traffic.go_on()

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
        file = self.database.engine.raw_connection()
        file.cursor().execute("BEGIN IMMEDIATE")
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
        with suppress(SQLAlchemyError, sqlite3.OperationalError, psycopg.Error):
            if self.postgres:
                with closing(self._to_postgres()) as server:
                    server.execute("SELECT pg_switch_wal()")
            else:
                with closing(self.database.engine.raw_connection()) as file:
                    file.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _to_postgres(self) -> psycopg.Connection:
        url = self.tree.database_url.replace("+psycopg", "")
        return psycopg.connect(url, connect_timeout=3)

    def _rotation_fails(self, fault: Fault) -> Passing:
        """Have a log rotated while the disk is full, and once more when it is not."""
        log = self._files.make_room_for_log(fault.target)
        make_room = self._disk_full(fault)
        self._files.let_log_grow(log)
        self.afterwards.append(lambda: self._files.await_rotation(log))
        return make_room

    def _log_deleted(self, fault: Fault) -> Passing:
        self._files.delete_log(fault.target)
        return by_itself

    def _logs_deleted(self, _fault: Fault) -> Passing:
        self._files.delete_logs()
        return by_itself

    def _database_swapped(self, fault: Fault) -> Passing:
        return self._files.swap_database(fault.target)

    @property
    def _files(self) -> Files:
        return Files(self.tree, self.complain)

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

    def _lock_kept(self, _fault: Fault) -> Passing:
        """Have a child killed that holds a lock its parent waits for."""
        self.traffic.post_poison(KEEPS_A_LOCK)
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


def _go_on(stopped: list[psutil.Process]) -> None:
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(SIGCONT)


def _exists(process: psutil.Process) -> bool:
    """Tell whether it lives, or has ended and is not yet waited for."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
