"""A database as it looks after months: much that is decided, and a little that waits.

What grows is the history: comments with their revisions, assessments, decisions and
events, on as many threads and by as many members as it takes. What people and workers
look at stays as large as ever: 200 comments a thread, 20 a member, and the same
backlog, since somebody works it off. The seed is fixed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.scale.bulk import Rows, analyze, write
from service import clock
from service.db import Database
from service.domain.events import event_for
from service.domain.states import Actor, State
from service.domain.vocabulary import Audience, Lane, MemberStatus
from service.migrations import migrate
from service.policy.document import FIRST_POLICY
from service.policy.facts import Facts
from service.review.claims import CLAIM
from service.tables import (
    Assessment,
    Comment,
    Decision,
    Event,
    IdempotentRequest,
    Member,
    Moderator,
    Policy,
    Report,
    Revision,
    Site,
    Thread,
)

SITES = 4
BLOCK = 2000
"""Comments that arrive while the same ten threads are talked about."""
THREADS_PER_BLOCK = 10
MEMBERS_PER_BLOCK = 100
"""Of the members that a round of growing brings; each writes all the time."""
BLOCKS_AT_ONCE = 10
HISTORY = timedelta(days=28)
"""Within which everything happened; younger than what the retention deletes."""

FLAGGED, LONG_PENDING, PENDING, REPORTED, CLAIMED = 200, 20, 100, 50, 20
"""The backlog of each site; what is claimed is flagged."""

MODEL = "0" * 64
SCORES = {"toxicity": 0.02, "insult": 0.01, "threat": 0.01}
FACTS = Facts(
    forms={"original": SCORES},
    failure=None,
    member_status=MemberStatus.ACTIVE,
    previously_flagged=False,
).model_dump(mode="json")
REASONS = [{"code": "over_threshold", "attribute": "toxicity", "score": 0.8, "threshold": 0.7}]
TEXT = "Das sehe ich anders, aber danke für den Artikel! "

SPREAD = (State.APPROVED,) * 91 + (State.REJECTED,) * 6 + (State.WITHDRAWN,) * 3


@dataclass
class Filled:
    """A filled database, and how to find things in it."""

    database: Database
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - not a secret
    comments: int = 0
    sites: list[UUID] = field(default_factory=list)
    moderators: list[UUID] = field(default_factory=list)
    sequences: list[int] = field(default_factory=lambda: [0] * SITES)
    start: datetime = field(default_factory=clock.now)

    @classmethod
    def with_backlog(cls, url: str) -> "Filled":
        """Make the tables in an empty database, and sites with what waits on each of them."""
        database = Database(url)
        migrate(database)
        filled = cls(database)
        rows = _no_rows()
        for number in range(SITES):
            site = Site(key=f"site-{number}", name=f"Site {number}", active_policy=1)
            moderator = Moderator(site_id=site.id, key="petra")
            document = FIRST_POLICY.model_dump(mode="json")
            policy = Policy(site_id=site.id, version=1, document=document)
            for row in (site, policy, moderator):
                rows[type(row)].append(row.model_dump())
            filled.sites.append(site.id)
            filled.moderators.append(moderator.id)
        write(database, rows)
        for site in range(SITES):
            write(database, filled._backlog(site))
        return filled

    def grow(self, comments: int) -> None:
        """Add decided comments until there are so many, in whole blocks."""
        blocks = range(self.comments // BLOCK, comments // BLOCK)
        members = self._members_for(blocks)
        for first in range(blocks.start, blocks.stop, BLOCKS_AT_ONCE):
            rows = _no_rows()
            for block in range(first, min(first + BLOCKS_AT_ONCE, blocks.stop)):
                share = (block - blocks.start) / len(blocks)
                self._block(rows, block, members[site_of(block)], share)
            write(self.database, rows)
        self.comments = blocks.stop * BLOCK
        with self.database.write() as session:
            for site_id, sequence in zip(self.sites, self.sequences, strict=True):
                session.get_one(Site, site_id).event_sequence = sequence
        analyze(self.database)

    def some_block(self) -> int:
        """Return the number of any block of the first site."""
        return self.chance.choice([n for n in range(self.comments // BLOCK) if site_of(n) == 0])

    def _members_for(self, blocks: range) -> dict[int, list[UUID]]:
        rows = _no_rows()
        members: dict[int, list[UUID]] = {}
        at = self.start - HISTORY - timedelta(days=1)
        for block in blocks:
            site = site_of(block)
            made = self._keyed(rows, Member, site, f"leser-{block}", MEMBERS_PER_BLOCK, at)
            members.setdefault(site, []).extend(made)
        write(self.database, rows)
        return members

    def _block(self, rows: Rows, block: int, members: list[UUID], share: float) -> None:
        """Add the comments of one block, which came when that share of the time had passed."""
        begun = self.start - HISTORY * (1 - share) - timedelta(hours=1)
        site = site_of(block)
        threads = self._keyed(rows, Thread, site, f"artikel-{block}", THREADS_PER_BLOCK, begun)
        parents: dict[UUID, UUID] = {}
        for number in range(BLOCK):
            at = begun + timedelta(milliseconds=number)
            thread = self.chance.choice(threads)
            parent = parents.get(thread) if self.chance.random() < 0.3 else None
            comment = self._comment(
                site,
                at,
                thread_id=thread,
                member_id=self.chance.choice(members),
                parent_id=parent,
                external_id=f"ext-{block}-{number}",
                state=self.chance.choice(SPREAD),
            )
            if parent is None:
                parents[thread] = comment["id"]
            self._store(rows, site, comment)

    def _store(self, rows: Rows, site: int, comment: dict[str, Any]) -> None:
        """Add a decided comment with all that is recorded about it."""
        rows[Comment].append(comment)
        rows[Revision].append(self._revision(comment))
        assessment = self._assessment(comment)
        rows[Assessment].append(assessment)
        state = comment["state"]
        by_policy = state if state is State.FLAGGED else State.APPROVED
        steps = [(Actor.POLICY, State.PENDING, by_policy)]
        if state is State.REJECTED:
            steps = [
                (Actor.POLICY, State.PENDING, State.FLAGGED),
                (Actor.MODERATOR, State.FLAGGED, state),
            ]
        elif state is State.WITHDRAWN:
            steps.append((Actor.AUTHOR, State.APPROVED, state))
        for number, (actor, before, after) in enumerate(steps):
            at = comment["created_at"] + timedelta(seconds=1 + number)
            decision = {
                "id": self._id(at),
                "site_id": comment["site_id"],
                "comment_id": comment["id"],
                "revision": 1,
                "from_state": before,
                "to_state": after,
                "actor": actor,
                "policy": 1 if actor is Actor.POLICY else None,
                "moderator_id": self.moderators[site] if actor is Actor.MODERATOR else None,
                "assessment_id": assessment["id"] if actor is Actor.POLICY else None,
                "reasons": REASONS if after is State.FLAGGED else [],
                "facts": FACTS,
                "created_at": at,
            }
            rows[Decision].append(decision)
            rows[Event].append(self._event(site, decision))

    def _backlog(self, site: int) -> Rows:
        """Return what waits on a site: for people, and for the workers."""
        rows = _no_rows()
        now = self.start
        threads = self._keyed(rows, Thread, site, "aktuell", THREADS_PER_BLOCK, now)
        members = self._keyed(rows, Member, site, "stammgast", MEMBERS_PER_BLOCK, now)

        def add(count: int, state: State, age: timedelta) -> Iterator[dict[str, Any]]:
            for number in range(count):
                at = now - age + timedelta(milliseconds=number)
                yield self._comment(
                    site,
                    at,
                    thread_id=self.chance.choice(threads),
                    member_id=self.chance.choice(members),
                    parent_id=None,
                    external_id=f"ext-{state}-{age.seconds}-{number}",
                    state=state,
                )

        for number, comment in enumerate(add(FLAGGED, State.FLAGGED, timedelta(hours=2))):
            comment["risk"] = self.chance.random()
            if number < CLAIMED:
                comment |= {"claimed_by": self.moderators[site], "claimed_until": now + CLAIM}
            self._store(rows, site, comment)
        for comment in add(REPORTED, State.APPROVED, timedelta(hours=3)):
            self._store(rows, site, comment)
            rows[Report].append(self._report(comment, self.chance.choice(members)))
            rows[IdempotentRequest].append(self._request(comment))
        for count, age in ((LONG_PENDING, timedelta(minutes=20)), (PENDING, timedelta())):
            for comment in add(count, State.PENDING, age):
                rows[Comment].append(comment)
                rows[Revision].append(self._revision(comment))
        return rows

    def _keyed(  # noqa: PLR0913, PLR0917 - two tables of one shape
        self,
        rows: Rows,
        model: type[Thread | Member],
        site: int,
        prefix: str,
        count: int,
        at: datetime,
    ) -> list[UUID]:
        made = [
            model(id=self._id(at), site_id=self.sites[site], key=f"{prefix}-{n}", created_at=at)
            for n in range(count)
        ]
        rows[model].extend(row.model_dump() for row in made)
        return [row.id for row in made]

    def _comment(self, site: int, at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "id": self._id(at),
            "site_id": self.sites[site],
            "audience": Audience.PUBLIC,
            "revision": 1,
            "created_at": at,
            "lane": int(Lane.COMMENTS),
            "pending_since": at,
            "attempts": 0,
            "risk": 0.02,
            "claimed_by": None,
            "claimed_until": None,
        } | more

    def _revision(self, comment: dict[str, Any]) -> dict[str, Any]:
        return {
            "comment_id": comment["id"],
            "number": 1,
            "site_id": comment["site_id"],
            "body": (TEXT * self.chance.randint(1, 8)).strip(),
            "created_at": comment["created_at"],
        }

    def _assessment(self, comment: dict[str, Any]) -> dict[str, Any]:
        at = comment["created_at"] + timedelta(seconds=1)
        return {
            "id": self._id(at),
            "site_id": comment["site_id"],
            "comment_id": comment["id"],
            "revision": 1,
            "model": MODEL,
            "scores": SCORES,
            "spans": [],
            "language": self.chance.choice(("de", "de", "de", "en")),
            "forms": {"original": SCORES},
            "provenance": {"engine": "none"},
            "duration": 0.01,
            "created_at": at,
        }

    def _event(self, site: int, decision: dict[str, Any]) -> dict[str, Any]:
        self.sequences[site] += 1
        at = decision["created_at"]
        return {
            "id": self._id(at),
            "site_id": decision["site_id"],
            "type": event_for(decision["to_state"]),
            "comment_id": decision["comment_id"],
            "revision": 1,
            "decision_id": decision["id"],
            "facts": {},
            "due_at": at,
            "sequence": self.sequences[site],
            "numbered_at": at,
            "created_at": at,
        }

    def _report(self, comment: dict[str, Any], reporter: UUID) -> dict[str, Any]:
        at = comment["created_at"] + timedelta(minutes=1)
        return {
            "id": self._id(at),
            "site_id": comment["site_id"],
            "comment_id": comment["id"],
            "revision": 1,
            "reporter_id": reporter,
            "reason": "insult",
            "created_at": at,
        }

    def _request(self, comment: dict[str, Any]) -> dict[str, Any]:
        return {
            "site_id": comment["site_id"],
            "key": str(comment["id"]),
            "comment_id": comment["id"],
            "fingerprint": MODEL,
            "status": 202,
            "answer": {},
            "created_at": comment["created_at"],
        }

    def _id(self, at: datetime) -> UUID:
        """Return a UUIDv7 of that time."""
        milliseconds = int(at.timestamp() * 1000)
        random_a, random_b = self.chance.getrandbits(12), self.chance.getrandbits(62)
        return UUID(int=milliseconds << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b)


def site_of(block: int) -> int:
    """Return whose comments a block holds: the first site has seven of ten."""
    return max(0, block % 10 - 6)


def _no_rows() -> Rows:
    return {
        model: []
        for model in (
            Site,
            Policy,
            Moderator,
            Thread,
            Member,
            Comment,
            Revision,
            Assessment,
            Decision,
            Report,
            Event,
            IdempotentRequest,
        )
    }
