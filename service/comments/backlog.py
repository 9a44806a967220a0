"""How many more comments of a site may wait to be scored.

Each site has a limit of its own, so that none fills the disk, or waits for days without
being told.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select

from service.errors import TooManyPending
from service.tables import Comment
from service.tables.conditions import PENDING

FRESH_SECONDS = 1.0
"""How long a count is used, in seconds: to count 50,000 comments takes some 20 ms."""

RETRY_AFTER = 30
"""Seconds after which a refused caller should try again; a worker scores hundreds meanwhile."""


@dataclass
class _Room:
    left: int
    counted_at: float


class Backlogs:
    """Knows the room that is left for each site, in this process.

    A count is used for FRESH_SECONDS, so several processes may exceed the limit by what they
    accept in that time.
    """

    def __init__(self, most: int) -> None:
        """Allow each site `most` pending comments."""
        self._most = most
        self._rooms: dict[UUID, _Room] = {}

    def room(self, session: Session, site_id: UUID) -> int:
        """Return how many more comments the site may send now."""
        known, now = self._rooms.get(site_id), time.monotonic()
        if known is None or now - known.counted_at >= FRESH_SECONDS:
            known = _Room(max(0, self._most - self._count(session, site_id)), now)
            self._rooms[site_id] = known
        return known.left

    def fill(self, site_id: UUID, accepted: int) -> None:
        """Note that comments were accepted since the last count."""
        room = self._rooms[site_id]
        room.left = max(0, room.left - accepted)

    def refusal(self) -> TooManyPending:
        """Return the error for a comment that has no room."""
        return TooManyPending(
            f"{self._most:,} comments of your site wait to be scored, and no more may. Nothing "
            f"was kept of this one. Send it again in {RETRY_AFTER} s, and tell the operator if "
            "that does not help: scoring is down, or needs more workers.",
            RETRY_AFTER,
        )

    def _count(self, session: Session, site_id: UUID) -> int:
        some = (
            select(literal_column("1"))
            .where(PENDING, col(Comment.site_id) == site_id)
            .limit(self._most)
            .subquery()
        )
        return session.exec(select(func.count()).select_from(some)).one()
