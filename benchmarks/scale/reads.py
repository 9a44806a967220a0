"""Everything that is read again and again, however much has been written."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from benchmarks.scale.filling import BLOCK, MEMBERS_PER_BLOCK, THREADS_PER_BLOCK, Filled
from service import clock
from service.comments.accepting import Accepted, Item, accept_items
from service.comments.backlog import Backlogs
from service.comments.history import get_history
from service.comments.repository import get_record
from service.comments.schemas import CommentIn, MemberIn, ThreadIn
from service.comments.use_cases import get_comment
from service.domain.vocabulary import Lane
from service.events.schemas import EventsQuery
from service.events.use_cases import read_events
from service.http.context import Context
from service.ids import new_id
from service.members.use_cases import read_member
from service.review.queue import read_queue
from service.review.schemas import QueueQuery
from service.tables import Comment
from service.telemetry.queue_metrics import QueueMetrics
from service.threads.schemas import ThreadQuery
from service.threads.use_cases import list_comments
from workers.scoring import leases
from workers.scoring.storing import set_aside_spent
from workers.scoring.turns import Limits
from workers.sweeps import run_sweep

BATCH = Limits(comments=16, tokens=10_000, seconds=60)


@dataclass(frozen=True)
class World:
    """A filled database and the service on it; reads what chance chooses on the largest site."""

    filled: Filled
    context: Context

    @property
    def site(self) -> UUID:
        """The largest site."""
        return self.filled.records.sites[0]

    def queue(self, **query: object) -> str | None:
        """Read a page of the queue with its counts; return where the next one begins."""
        page = read_queue(self.context, self.site, QueueQuery.model_validate(query))
        assert page.items
        return page.next

    def queue_pages(self, order: str) -> None:
        """Read the first three pages of the queue."""
        after = None
        for _ in range(3):
            after = self.queue(order=order, after=after)

    def thread(self, order: str) -> None:
        """Read a page of a thread as one of its readers."""
        block = self._block()
        thread = f"artikel-{block}-{self._chance(THREADS_PER_BLOCK)}"
        member = f"leser-{block}-{self._chance(MEMBERS_PER_BLOCK)}"
        query = ThreadQuery.model_validate({"order": order, "member": member})
        assert list_comments(self.context, self.site, thread, query).items

    def member(self) -> None:
        """Read a member with what is counted of them."""
        key = f"leser-{self._block()}-{self._chance(MEMBERS_PER_BLOCK)}"
        assert read_member(self.context, self.site, key).comments.approved

    def find(self) -> UUID:
        """Find a comment by the site's own id for it."""
        external_id = f"ext-{self._block()}-{self._chance(BLOCK)}"
        with self.context.database.read() as session:
            query = select(Comment.id).where(
                col(Comment.site_id) == self.site, col(Comment.external_id) == external_id
            )
            return session.exec(query).one()

    def post_again(self) -> None:
        """Post what is known already, by its external id."""
        comment_id = self.find()
        with self.context.database.write() as session:
            record = get_record(session, self.site, comment_id)
            comment = CommentIn(
                thread=ThreadIn(key=record.thread.key),
                member=MemberIn(key=record.member.key),
                body=record.body,
                parent_id=record.comment.parent_id,
                external_id=record.comment.external_id,
            )
            items = [Item(comment, Lane.COMMENTS)]
            (accepted,) = accept_items(session, self.site, items, clock.now(), Backlogs(500))
            assert isinstance(accepted, Accepted)
            assert not accepted.created

    def comment(self) -> None:
        """Read a comment, and its history."""
        comment_id = self.find()
        get_comment(self.context, self.site, comment_id)
        assert get_history(self.context, self.site, comment_id, None, 50).items

    def events(self) -> None:
        """Read a page of events, from anywhere on."""
        after = self._chance(self.filled.records.sequences[0] - 50)
        query = EventsQuery(after=after)
        assert len(read_events(self.context, self.site, query).items) == query.limit

    def lease(self) -> None:
        """Lease a batch as a scoring worker does, and give it back."""
        lease = new_id()
        set_aside_spent(self.context.database)
        lane = leases.most_urgent(self.context.database, Lane.BULK)
        assert lane is not None
        assert leases.take(self.context.database, lane, lease, BATCH)
        leases.give_back(self.context.database, lease)

    def run_sweep(self) -> None:
        """Do a round of the run_sweep."""
        run_sweep(self.context.database, lambda _: None, self.context.settings)

    def metrics(self) -> None:
        """Read depth and age of the queues, for monitoring."""
        assert len(list(QueueMetrics(self.context.database).collect())) == 6

    def _block(self) -> int:
        return self.filled.some_block()

    def _chance(self, below: int) -> int:
        return self.filled.records.chance.randrange(below)


Read = Callable[[World], object]

READS: dict[str, Read] = {
    "queue, oldest first": lambda world: world.queue(),
    "queue, riskiest first": lambda world: world.queue(order="riskiest"),
    "queue, most reported first": lambda world: world.queue(order="most_reported"),
    "queue, three pages, oldest first": lambda world: world.queue_pages("oldest"),
    "queue, three pages, riskiest first": lambda world: world.queue_pages("riskiest"),
    "queue, one thread": lambda world: world.queue(thread="aktuell-0"),
    "queue, one reason": lambda world: world.queue(reason="toxicity"),
    "queue, reported": lambda world: world.queue(reason="reported"),
    "queue, one language": lambda world: world.queue(language="en"),
    "thread, oldest first": lambda world: world.thread("oldest"),
    "thread, newest first": lambda world: world.thread("newest"),
    "member with counts": World.member,
    "comment by external id": World.find,
    "known comment posted again": World.post_again,
    "comment and history": World.comment,
    "page of events": World.events,
    "lease and give back": World.lease,
    "sweep": World.run_sweep,
    "metrics of the queues": World.metrics,
}
