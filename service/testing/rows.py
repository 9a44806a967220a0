"""Helpers for tests: a frozen clock, a failing database, and builders of a site's rows."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, event
from sqlmodel import Session

from service import clock
from service.db import Database
from service.domain.costs import is_long
from service.domain.events import EventType
from service.domain.vocabulary import Lane, MemberStatus
from service.events.outbox import about_report, record
from service.ids import new_id
from service.policy.document import FIRST_POLICY
from service.tables import Comment, Event, Member, Policy, Report, Revision, Site, Thread


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        """Start at `start`, an aware time."""
        self._now = start

    def __call__(self) -> datetime:
        """Return the frozen time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self._now += timedelta(seconds=seconds)


@contextmanager
def frozen_clock(start: datetime | None = None) -> Iterator[FrozenClock]:
    """Freeze `service.clock` in this process at `start` (default: now)."""
    frozen = FrozenClock(start or datetime.now(UTC))
    clock.set_source(frozen)
    try:
        yield frozen
    finally:
        clock.set_source(None)


@contextmanager
def failing_database(database: Database, first: int = 0, last: int = sys.maxsize) -> Iterator[None]:
    """Let transactions fail that begin in the block: numbers `first` to `last`, counted from 0."""
    begun = itertools.count()

    def fail(connection: Connection) -> None:
        if first <= next(begun) <= last:
            connection.exec_driver_sql("SELECT * FROM no_such_table")

    event.listen(database.engine, "begin", fail)
    try:
        yield
    finally:
        event.remove(database.engine, "begin", fail)


@dataclass(frozen=True)
class SiteRows:
    """The ids of a site, its thread and its member, which comments need."""

    site_id: UUID
    thread_id: UUID
    member_id: UUID


def add_site(database: Database, key: str = "zeitung") -> SiteRows:
    """Insert a site with the first policy, a thread and an active member."""
    with database.write() as session:
        site = Site(key=key, name=key.title(), active_policy=1)
        session.add(site)
        session.flush()
        policy = Policy(site_id=site.id, version=1, document=FIRST_POLICY.model_dump(mode="json"))
        thread = Thread(site_id=site.id, key="artikel")
        member = Member(site_id=site.id, key="lena", status=MemberStatus.ACTIVE)
        session.add_all([policy, thread, member])
        return SiteRows(site.id, thread.id, member.id)


def insert_comment(session: Session, rows: SiteRows, body: str, lane: Lane = Lane.COMMENTS) -> UUID:
    """Insert a pending comment with its first revision; return its id. The caller commits."""
    comment = Comment(
        id=new_id(),
        site_id=rows.site_id,
        thread_id=rows.thread_id,
        member_id=rows.member_id,
        lane=lane,
        is_long=is_long(body),
    )
    session.add(comment)
    session.flush()
    session.add(Revision(comment_id=comment.id, number=1, site_id=rows.site_id, body=body))
    return comment.id


def insert_report(session: Session, comment_id: UUID, site_id: UUID, at: datetime) -> Event:
    """Insert a report on the first revision, and its event, which is due at `at`; return that."""
    report = Report(
        site_id=site_id, comment_id=comment_id, revision=1, reason="spam", created_at=at
    )
    session.add(report)
    session.flush()
    return record(session, EventType.REPORT_RECEIVED, about_report(report), at=at)


def add_comments(
    database: Database, rows: SiteRows, *bodies: str, lane: Lane = Lane.COMMENTS
) -> list[UUID]:
    """Insert pending comments, oldest first, as the API would; return their ids."""
    with database.write() as session:
        return [insert_comment(session, rows, body, lane) for body in bodies]
