"""Accepting comments: one or many in one unit of work."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.comments.repository import CommentRecord, get_record
from service.comments.schemas import CommentIn
from service.db import after_commit
from service.domain.vocabulary import Lane
from service.errors import Conflict, ExternalIdTaken, Invalid, NetiquetteError, ThreadClosed
from service.members.status import refusal
from service.tables import Comment, Member, Revision, Thread
from service.telemetry.metrics import count_accepted
from service.upsert import find, make

Stored = TypeVar("Stored")


def look_twice(store: Callable[[], Stored]) -> Stored:
    """Return what `store` returns, a unit of work that may add external ids.

    Where another request brought one of them between its look and its commit, it
    looks again and finds it. Raises Conflict when that happens once more.
    """
    for _ in range(2):
        with suppress(IntegrityError):
            return store()
    raise Conflict("The same comments are arriving elsewhere. Send the request again.")


@dataclass(frozen=True)
class Accepted:
    """A comment that is kept; `created` is false for one whose external id was known."""

    record: CommentRecord
    created: bool


class Intake:
    """Accepts comments of one site within one session; what they share is read once."""

    def __init__(
        self, session: Session, site_id: UUID, items: Sequence[CommentIn], now: datetime
    ) -> None:
        """Read what the items refer to; make the threads and members that are missing."""
        self._session = session
        self._site_id = site_id
        self._now = now
        self._threads = find(session, Thread, site_id, {item.thread.key for item in items})
        self._members = find(session, Member, site_id, {item.member.key for item in items})
        self._known = self._find_known({item.external_id for item in items if item.external_id})
        self._parents = self._find_parents({item.parent_id for item in items if item.parent_id})
        self._make_missing([item for item in items if self._is_welcome(item)])
        self._comments: list[dict[str, Any]] = []
        self._revisions: list[dict[str, Any]] = []

    def accept(self, item: CommentIn, lane: Lane) -> Accepted:
        """Add the comment as pending, or return the known one with its external id.

        Raises ExternalIdTaken, ThreadClosed, MemberSuspended, MemberBanned, or Invalid
        for a parent that is not in the same thread. It is written by `store`.
        """
        known = self._known.get(item.external_id) if item.external_id else None
        if known:
            return self._answer_known(known, item)
        refused = self._refusal(item)
        if refused:
            raise refused
        thread, member = self._threads[item.thread.key], self._members[item.member.key]
        _update_names(thread, member, item)
        comment = Comment(
            site_id=self._site_id,
            thread_id=thread.id,
            member_id=member.id,
            parent_id=item.parent_id,
            external_id=item.external_id,
            audience=item.audience,
            language=item.language,
            lane=lane,
            created_at=self._now,
            pending_since=self._now,
        )
        after_commit(self._session, partial(count_accepted, lane))
        revision = Revision(
            comment_id=comment.id,
            number=1,
            site_id=self._site_id,
            body=item.body,
            created_at=self._now,
        )
        self._comments.append(comment.model_dump())
        self._revisions.append(revision.model_dump())
        if item.external_id:
            self._known[item.external_id] = comment
        return Accepted(CommentRecord(comment, item.body, thread, member), created=True)

    def store(self) -> None:
        """Write what was accepted; leaves the commit to the caller.

        Raises IntegrityError where another request brought the same external id.
        """
        # Not as objects of the session, which takes twice as long to write them.
        connection = self._session.connection()
        for table, rows in ((Comment, self._comments), (Revision, self._revisions)):
            if rows:
                connection.execute(insert(table), rows)
                rows.clear()

    def _is_welcome(self, item: CommentIn) -> bool:
        """Tell whether the item will become a comment, as far as can be told before."""
        return item.external_id not in self._known and self._refusal(item) is None

    def _make_missing(self, items: Sequence[CommentIn]) -> None:
        threads = {item.thread.key for item in items} - self._threads.keys()
        members = {item.member.key for item in items} - self._members.keys()
        self._threads |= make(self._session, Thread, self._site_id, threads)
        self._members |= make(self._session, Member, self._site_id, members)

    def _refusal(self, item: CommentIn) -> NetiquetteError | None:
        """Return why the item cannot be accepted; new threads and members refuse nothing."""
        thread = self._threads.get(item.thread.key)
        if thread and not thread.open:
            return ThreadClosed("This thread is closed and takes no more comments.")
        member = self._members.get(item.member.key)
        refused = refusal(member, self._now) if member else None
        if refused:
            return refused
        if item.parent_id and self._parents.get(item.parent_id) != item.thread.key:
            return Invalid.at("/parent_id", "There is no such comment in this thread.")
        return None

    def _answer_known(self, known: Comment, item: CommentIn) -> Accepted:
        self.store()
        record = get_record(self._session, self._site_id, known.id)
        texts = self._session.exec(
            select(Revision.body).where(
                col(Revision.site_id) == self._site_id, col(Revision.comment_id) == known.id
            )
        ).all()
        same = (
            item.body in texts
            and item.thread.key == record.thread.key
            and item.member.key == record.member.key
            and item.parent_id == known.parent_id
            and item.audience == known.audience
        )
        if not same:
            raise ExternalIdTaken(
                "A comment with this external_id differs in body, thread, member, parent or "
                "audience. PATCH that comment to edit it, or send another external_id.",
                id=str(known.id),
            )
        return Accepted(record, created=False)

    def _find_known(self, external_ids: set[str]) -> dict[str, Comment]:
        if not external_ids:
            return {}
        found = self._session.exec(
            select(Comment).where(
                col(Comment.site_id) == self._site_id, col(Comment.external_id).in_(external_ids)
            )
        )
        return {comment.external_id: comment for comment in found if comment.external_id}

    def _find_parents(self, ids: set[UUID]) -> dict[UUID, str]:
        """Return the key of the thread of each parent that the site has."""
        if not ids:
            return {}
        found = self._session.exec(
            select(Comment.id, Thread.key)
            .join(Thread, col(Thread.id) == col(Comment.thread_id))
            .where(col(Comment.site_id) == self._site_id, col(Comment.id).in_(ids))
        )
        return dict(found.all())


def _update_names(thread: Thread, member: Member, item: CommentIn) -> None:
    """Keep what the site told last; leaving a field out changes nothing."""
    if item.thread.url is not None and item.thread.url != thread.url:
        thread.url = item.thread.url
    if item.thread.title is not None and item.thread.title != thread.title:
        thread.title = item.thread.title
    if item.member.name is not None and item.member.name != member.name:
        member.name = item.member.name
