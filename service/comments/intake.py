"""The one way in: every comment is accepted here, alone, in a batch, or in a group.

A commit waits for the disk, and a unit of work costs nearly the same for one comment as
for ten. Single comments that arrive during a commit therefore gather, and are committed
together by the next one. Where nobody else waits, a comment is committed alone and at once.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from service import clock
from service.comments.accepting import Accepted, Item, Outcome, accept_items
from service.db import Database
from service.errors import Conflict, NetiquetteError
from service.nudges import Nudges

MAX_GROUP = 50
"""Comments per group, so that nobody waits long for the others."""

Step = Callable[[Session, Accepted], None]
"""What else is to be written in the unit of work that accepts a comment."""

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
    """Accepts comments for all threads of this process."""

    def __init__(self, database: Database, nudges: Nudges) -> None:
        """Keep comments in `database`, and nudge their lanes after each commit."""
        self._database = database
        self._nudges = nudges
        self._waiting: deque[_Request] = deque()
        self._turn = threading.Lock()

    def accept(self, site_id: UUID, item: Item, step: Step | None = None) -> Accepted:
        """Return once the comment is committed, together with what `step` writes.

        Raises why the comment is refused (see `accept_items`), what `step` raises, or
        Conflict where the same external id keeps arriving elsewhere.
        """
        request = _Request(site_id, [item], step)
        self._waiting.append(request)
        with self._turn:
            # Otherwise somebody before has committed it, too.
            while not request.done:
                count = min(MAX_GROUP, len(self._waiting))
                self._keep([self._waiting.popleft() for _ in range(count)])
        (outcome,) = request.result()
        if isinstance(outcome, NetiquetteError):
            raise outcome
        self._nudge(request)
        return outcome

    def accept_all(self, site_id: UUID, items: Sequence[Item]) -> list[Outcome]:
        """Return the outcome of each item once all are committed, in one unit of work.

        Raises Conflict where the same external ids keep arriving elsewhere.
        """
        request = _Request(site_id, items)
        self._keep([request])
        outcomes = request.result()
        self._nudge(request)
        return outcomes

    def _nudge(self, request: _Request) -> None:
        # By whoever asked, not by whoever committed: a trace leads from each to its nudge.
        for lane in sorted({item.lane for item in request.items}):
            self._nudges.nudge(lane)

    def _keep(self, requests: Sequence[_Request]) -> None:
        try:
            outcomes = retry_once(partial(self._commit, requests))
        except Conflict as conflict:
            if len(requests) > 1:
                # Only those in conflict are to fail.
                for request in requests:
                    self._keep([request])
                return
            requests[0].error = conflict
        except BaseException as error:  # noqa: BLE001 - whoever waits for it must be told
            for request in requests:
                request.error = error
        else:
            for request, of_request in zip(requests, outcomes, strict=True):
                request.outcomes = of_request
        for request in requests:
            request.done = True

    def _commit(self, requests: Sequence[_Request]) -> list[list[Outcome]]:
        """Keep what is good of the requests in one unit of work; return their outcomes."""
        outcomes: dict[int, list[Outcome]] = {}
        with self._database.write() as session:
            # In the order of the sites, so that two processes cannot wait for each other.
            by_site = sorted(requests, key=lambda request: request.site_id)
            for site_id, of_site in groupby(by_site, key=lambda request: request.site_id):
                for request, of_request in _accept(session, site_id, list(of_site)):
                    outcomes[id(request)] = of_request
        return [outcomes[id(request)] for request in requests]


def _accept(
    session: Session, site_id: UUID, requests: Sequence[_Request]
) -> Iterator[tuple[_Request, list[Outcome]]]:
    """Accept the items of one site's requests, and give each request its outcomes."""
    items = [item for request in requests for item in request.items]
    outcomes = iter(accept_items(session, site_id, items, clock.now()))
    for request in requests:
        of_request = [next(outcomes) for _ in request.items]
        for outcome in of_request:
            if request.step and isinstance(outcome, Accepted):
                request.step(session, outcome)
        yield request, of_request


def retry_once(store: Callable[[], Stored]) -> Stored:
    """Return what `store` returns, a unit of work that may add external ids.

    Another request may bring one of them between the look and the commit. Then `store`
    runs again, and finds it. Raises Conflict when that happens once more.
    """
    for _ in range(2):
        with suppress(IntegrityError):
            return store()
    raise Conflict("The same comments are arriving elsewhere. Send the request again.")
