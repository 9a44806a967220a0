"""Accepting single comments in groups: who waits for the database goes along with the next commit.

A commit waits for the disk, and a unit of work costs nearly the same for one comment
as for ten. So while one group is being committed the next one gathers; where nobody
else is waiting, a comment goes alone and at once.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from service import clock
from service.comments.intake import Accepted, Intake, look_twice
from service.comments.presenter import present_comment
from service.comments.schemas import CommentIn, CommentOut
from service.db import Database
from service.domain.vocabulary import Lane
from service.errors import Conflict, NetiquetteError

MOST = 50
"""Comments per group, so that nobody waits long for the others."""


@dataclass(frozen=True)
class Kept:
    """A comment as it is kept; `created` is false for one whose external id was known."""

    comment: CommentOut
    created: bool


@dataclass(eq=False)
class _Request:
    site_id: UUID
    item: CommentIn
    lane: Lane
    outcome: Kept | BaseException | None = None


class GroupedIntake:
    """Accepts comments for all threads of this process, in one unit of work at a time."""

    def __init__(self, database: Database) -> None:
        """Keep the comments in `database`."""
        self._database = database
        self._waiting: deque[_Request] = deque()
        self._turn = threading.Lock()

    def accept(self, site_id: UUID, item: CommentIn, lane: Lane) -> Kept:
        """Return once the comment is committed; raises what `Intake.accept` raises, or Conflict."""
        request = _Request(site_id, item, lane)
        self._waiting.append(request)
        with self._turn:
            # Else somebody before has taken it along.
            while request.outcome is None:
                self._keep([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        if isinstance(request.outcome, BaseException):
            raise request.outcome
        return request.outcome

    def _keep(self, requests: Sequence[_Request]) -> None:
        try:
            outcomes = look_twice(lambda: self._commit(requests))
        except Conflict as conflict:
            if len(requests) == 1:
                requests[0].outcome = conflict
            else:
                # Only those in conflict are to fail.
                for request in requests:
                    self._keep([request])
        except BaseException as error:  # noqa: BLE001 - whoever waits for it must be told
            for request in requests:
                request.outcome = error
        else:
            for request, outcome in outcomes:
                request.outcome = outcome

    def _commit(
        self, requests: Sequence[_Request]
    ) -> list[tuple[_Request, Kept | NetiquetteError]]:
        """Keep what is good of the group in one unit of work."""
        outcomes: list[tuple[_Request, Kept | NetiquetteError]] = []
        with self._database.write() as session:
            # In the order of the sites, so that two processes cannot wait for each other.
            by_site = sorted(requests, key=lambda request: request.site_id)
            for site_id, some in groupby(by_site, key=lambda request: request.site_id):
                of_site = list(some)
                items = [request.item for request in of_site]
                intake = Intake(session, site_id, items, clock.now())
                outcomes += [(request, _accept(intake, request)) for request in of_site]
                intake.store()
        return outcomes


def _accept(intake: Intake, request: _Request) -> Kept | NetiquetteError:
    try:
        accepted: Accepted = intake.accept(request.item, request.lane)
    except NetiquetteError as error:
        return error
    return Kept(present_comment(accepted.record), accepted.created)
