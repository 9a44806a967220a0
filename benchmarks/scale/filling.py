"""A database as it looks after months: much that is decided, and a little that waits.

What grows is the history: comments with their revisions, assessments, decisions and
events, on as many threads and by as many members as it takes. What people and workers
look at stays as large as ever: 200 comments a thread, 20 a member, and the same
backlog, since somebody works it off. The seed is fixed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.scale.bulk import Rows, analyze, write
from benchmarks.scale.records import SITES, Records, no_rows
from service import clock
from service.db import Database
from service.domain.states import State
from service.migrations import migrate
from service.policy.document import FIRST_POLICY
from service.review.selection import CLAIM
from service.tables import (
    Comment,
    Endpoint,
    Event,
    IdempotentRequest,
    Member,
    Moderator,
    Policy,
    Report,
    Revision,
    Site,
    Thread,
    WebhookMessage,
)

BLOCK = 2000
"""Comments that arrive while the same ten threads are talked about."""
THREADS_PER_BLOCK = 10
MEMBERS_PER_BLOCK = 100
"""Of the members that a round of growing brings; each writes all the time."""
BLOCKS_AT_ONCE = 10
HISTORY = timedelta(days=28)
"""Within which everything happened; younger than what the retention deletes."""

KEPT_DELIVERIES = timedelta(days=7)
UNSENT = 50
"""Events that a site's webhook receiver is still to be sent."""

FLAGGED, LONG_PENDING, PENDING, REPORTED, CLAIMED = 200, 20, 100, 50, 20
"""The backlog of each site; what is claimed is flagged."""

SPREAD = (State.APPROVED,) * 91 + (State.REJECTED,) * 6 + (State.WITHDRAWN,) * 3


@dataclass
class Filled:
    """A filled database, and how to find things in it."""

    database: Database
    records: Records = field(default_factory=Records)
    comments: int = 0
    start: datetime = field(default_factory=clock.now)

    @classmethod
    def with_backlog(cls, url: str) -> "Filled":
        """Make the tables in an empty database, and sites with what waits on each of them."""
        database = Database(url)
        migrate(database)
        filled = cls(database)
        filled.records.delivered_since = filled.start - KEPT_DELIVERIES
        rows = no_rows()
        for number in range(SITES):
            site = Site(key=f"site-{number}", name=f"Site {number}", active_policy=1)
            moderator = Moderator(site_id=site.id, key="petra")
            document = FIRST_POLICY.model_dump(mode="json")
            policy = Policy(site_id=site.id, version=1, document=document)
            for row in (site, policy, moderator):
                rows[type(row)].append(row.model_dump())
            filled.records.sites.append(site.id)
            filled.records.moderators.append(moderator.id)
            rows[Endpoint].append(filled.records.endpoint(number))
        write(database, rows)
        for number in range(SITES):
            write(database, filled._backlog(number))
        return filled

    def grow(self, comments: int) -> None:
        """Add decided comments until there are so many, in whole blocks."""
        blocks = range(self.comments // BLOCK, comments // BLOCK)
        members = self._members_for(blocks)
        for first in range(blocks.start, blocks.stop, BLOCKS_AT_ONCE):
            rows = no_rows()
            for block in range(first, min(first + BLOCKS_AT_ONCE, blocks.stop)):
                share = (block - blocks.start) / len(blocks)
                self._block(rows, block, members[site_of(block)], share)
            write(self.database, rows)
        self.comments = blocks.stop * BLOCK
        with self.database.write() as session:
            for site_id, sequence in zip(self.records.sites, self.records.sequences, strict=True):
                session.get_one(Site, site_id).event_sequence = sequence
            for endpoint_id, sequence in zip(
                self.records.endpoints, self.records.sequences, strict=True
            ):
                session.get_one(Endpoint, endpoint_id).queued_sequence = sequence
        analyze(self.database)

    def some_block(self) -> int:
        """Return the number of any block of the first site."""
        return self.records.chance.choice(
            [n for n in range(self.comments // BLOCK) if site_of(n) == 0]
        )

    def _members_for(self, blocks: range) -> dict[int, list[UUID]]:
        rows = no_rows()
        members: dict[int, list[UUID]] = {}
        at = self.start - HISTORY - timedelta(days=1)
        for block in blocks:
            site = site_of(block)
            made = self.records.keyed(rows, Member, site, f"leser-{block}", MEMBERS_PER_BLOCK, at)
            members.setdefault(site, []).extend(made)
        write(self.database, rows)
        return members

    def _block(self, rows: Rows, block: int, members: list[UUID], share: float) -> None:
        """Add the comments of one block, which came when that share of the time had passed."""
        begun = self.start - HISTORY * (1 - share) - timedelta(hours=1)
        site = site_of(block)
        threads = self.records.keyed(
            rows, Thread, site, f"artikel-{block}", THREADS_PER_BLOCK, begun
        )
        parents: dict[UUID, UUID] = {}
        for number in range(BLOCK):
            at = begun + timedelta(milliseconds=number)
            thread = self.records.chance.choice(threads)
            parent = parents.get(thread) if self.records.chance.random() < 0.3 else None
            comment = self.records.comment(
                site,
                at,
                thread_id=thread,
                member_id=self.records.chance.choice(members),
                parent_id=parent,
                external_id=f"ext-{block}-{number}",
                state=self.records.chance.choice(SPREAD),
            )
            if parent is None:
                parents[thread] = comment["id"]
            self.records.store(rows, site, comment)

    def _backlog(self, site: int) -> Rows:
        """Return what waits on a site: for people, and for the workers."""
        rows = no_rows()
        now = self.start
        threads = self.records.keyed(rows, Thread, site, "aktuell", THREADS_PER_BLOCK, now)
        members = self.records.keyed(rows, Member, site, "stammgast", MEMBERS_PER_BLOCK, now)

        def add(count: int, state: State, age: timedelta) -> Iterator[dict[str, Any]]:
            for number in range(count):
                at = now - age + timedelta(milliseconds=number)
                yield self.records.comment(
                    site,
                    at,
                    thread_id=self.records.chance.choice(threads),
                    member_id=self.records.chance.choice(members),
                    parent_id=None,
                    external_id=f"ext-{state}-{age.seconds}-{number}",
                    state=state,
                )

        for number, comment in enumerate(add(FLAGGED, State.FLAGGED, timedelta(hours=2))):
            comment["risk"] = self.records.chance.random()
            if number < CLAIMED:
                comment |= {
                    "claimed_by": self.records.moderators[site],
                    "claimed_until": now + CLAIM,
                }
            self.records.store(rows, site, comment)
        for comment in add(REPORTED, State.APPROVED, timedelta(hours=3)):
            self.records.store(rows, site, comment)
            rows[Report].append(self.records.report(comment, self.records.chance.choice(members)))
            rows[IdempotentRequest].append(self.records.request(comment))
        rows[WebhookMessage] = [self.records.message(site, one) for one in rows[Event][:UNSENT]]
        for count, age in ((LONG_PENDING, timedelta(minutes=20)), (PENDING, timedelta())):
            for comment in add(count, State.PENDING, age):
                rows[Comment].append(comment)
                rows[Revision].append(self.records.revision(comment))
        return rows


def site_of(block: int) -> int:
    """Return whose comments a block holds: the first site has seven of ten."""
    return max(0, block % 10 - 6)
