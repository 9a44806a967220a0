"""The intake: accepts all comments, and commits comments that arrive together as a group.

A commit waits for the disk, and a unit of work costs nearly the same for one comment as
for ten. Single comments that arrive during a commit therefore wait, and the next commit
stores all of them. A comment that arrives while no other waits is committed at once, alone.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from service import clock
from service.comments.accepting import Accepted, Item, Outcome, accept_items
from service.comments.backlog import Backlogs
from service.db import Database
from service.errors import Conflict, NetiquetteError
from service.nudges import Nudges

MAX_GROUP = 50
"""Most comments per group, so that no caller waits long for the others' comments."""

Step = Callable[[Session, Accepted], None]
"""Writes further rows in the unit of work that accepts a comment."""

DEADLOCK = "40P01"
"""Postgres' SQLSTATE of a transaction that was ended so that another could go on."""

Stored = TypeVar("Stored")


@dataclass(eq=False)
class _Request:
    site_id: UUID
    items: Sequence[Item]
    step: Step | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False

    def result(self) -> list[Outcome]:
        if self.error:
            raise self.error
        return self.outcomes


class Intake:
    """Accepts comments for all operating system threads of this process."""

    def __init__(self, database: Database, nudges: Nudges, backlogs: Backlogs) -> None:
        """Store comments in `database`, and nudge the workers of their lanes after each commit.

        `backlogs` tells how many comments a site may send.
        """
        self._database = database
        self._backlogs = backlogs
        self._nudges = nudges
        self._waiting: deque[_Request] = deque()
        self._turn = threading.Lock()

    def accept(self, site_id: UUID, item: Item, step: Step | None = None) -> Accepted:
        """Commit the comment together with the rows that `step` writes, and return it.

        Raises the error that refuses the comment (see `accept_items`), what `step` raises,
        or Conflict if other requests keep storing the same external id.
        """
        request = _Request(site_id, [item], step)
        self._waiting.append(request)
        with self._turn:
            # The thread that had the turn before may have committed this request already.
            while not request.done:
                count = min(MAX_GROUP, len(self._waiting))
                self._keep([self._waiting.popleft() for _ in range(count)])
        (outcome,) = request.result()
        if isinstance(outcome, NetiquetteError):
            raise outcome
        self._nudge(request)
        return outcome

    def accept_all(self, site_id: UUID, items: Sequence[Item]) -> list[Outcome]:
        """Commit the items in one unit of work, and return the outcome of each.

        Raises Conflict if other requests keep storing the same external ids.
        """
        request = _Request(site_id, items)
        self._keep([request])
        outcomes = request.result()
        self._nudge(request)
        return outcomes

    def _nudge(self, request: _Request) -> None:
        # The thread of the request nudges, not the one that committed the group: so the
        # trace of each request leads to its own nudge.
        for lane in sorted({item.lane for item in request.items}):
            self._nudges.nudge(lane)

    def _keep(self, requests: Sequence[_Request]) -> None:
        try:
            outcomes = retry_once(partial(self._commit, requests))
        except Conflict as conflict:
            if len(requests) > 1:
                # Each is tried alone, so that only the requests in conflict fail.
                for request in requests:
                    self._keep([request])
                return
            requests[0].error = conflict
        except BaseException as error:  # noqa: BLE001 - each waiting thread must raise it
            for request in requests:
                request.error = error
        else:
            for request, of_request in zip(requests, outcomes, strict=True):
                request.outcomes = of_request
        for request in requests:
            request.done = True

    def _commit(self, requests: Sequence[_Request]) -> list[list[Outcome]]:
        """Accept the items of the requests in one unit of work; return the outcomes."""
        outcomes: dict[int, list[Outcome]] = {}
        with self._database.write() as session:
            # Sites come in a fixed order, so that two processes cannot deadlock.
            by_site = sorted(requests, key=lambda request: request.site_id)
            for site_id, of_site in groupby(by_site, key=lambda request: request.site_id):
                for request, of_request in self._accept(session, site_id, list(of_site)):
                    outcomes[id(request)] = of_request
        return [outcomes[id(request)] for request in requests]

    def _accept(
        self, session: Session, site_id: UUID, requests: Sequence[_Request]
    ) -> Iterator[tuple[_Request, list[Outcome]]]:
        """Accept the items of one site's requests, and yield each request with its outcomes."""
        items = [item for request in requests for item in request.items]
        outcomes = iter(accept_items(session, site_id, items, clock.now(), self._backlogs))
        for request in requests:
            of_request = [next(outcomes) for _ in request.items]
            for outcome in of_request:
                if request.step and isinstance(outcome, Accepted):
                    request.step(session, outcome)
            yield request, of_request


def retry_once(store: Callable[[], Stored]) -> Stored:
    """Run `store`, a unit of work that may add external ids, and once more after a conflict.

    Another request may store one of the external ids after `store` has looked for it, but
    before the commit. The second run then finds it. Raises Conflict if that run fails in
    the same way.
    """
    deadlock: OperationalError | None = None
    for _ in range(2):
        try:
            return store()
        except IntegrityError:
            continue
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise
            deadlock = error
    raise deadlock or Conflict("The same comments are arriving elsewhere. Send the request again.")
