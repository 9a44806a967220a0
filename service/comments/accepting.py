"""Accepting comments of one site within one unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, col, select

from service.comments.presenter import present_comment
from service.comments.repository import CommentRecord, get_record
from service.comments.schemas import CommentIn, CommentOut
from service.db import after_commit
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.errors import ExternalIdTaken, Invalid, NetiquetteError, ThreadClosed
from service.ids import new_id
from service.members.status import refusal
from service.tables import Comment, Member, Revision, Thread
from service.telemetry.metrics import count_accepted
from service.upsert import find, make


@dataclass(frozen=True)
class Item:
    """A comment that asks to be accepted."""

    comment: CommentIn
    lane: Lane
    at: datetime | None = None
    """When it was written, where that is not now: its id and its place follow from it."""


@dataclass(frozen=True)
class Accepted:
    """A comment that is kept; `created` is false for one whose external id was known."""

    comment: CommentOut
    created: bool

    @property
    def is_pending(self) -> bool:
        """Whether it is new and its decision is still to come."""
        return self.created and self.comment.state is State.PENDING


Outcome = Accepted | NetiquetteError


def accept_items(
    session: Session, site_id: UUID, items: Sequence[Item], now: datetime
) -> list[Outcome]:
    """Add the site's items as pending comments, in order; leaves the commit to the caller.

    The outcome of each is the comment, the known one with its external id, or why it is
    refused: ExternalIdTaken, ThreadClosed, MemberSuspended, MemberBanned, or Invalid for a
    parent that is not in the same thread. Raises IntegrityError where another request
    brought the same external id meanwhile.
    """
    accepting = _Accepting(session, site_id, now)
    accepting.read([item.comment for item in items])
    outcomes = [accepting.outcome(item) for item in items]
    accepting.store()
    return outcomes


class _Accepting:
    """The work on the items of one site; what they share is read once."""

    def __init__(self, session: Session, site_id: UUID, now: datetime) -> None:
        self._session = session
        self._site_id = site_id
        self._now = now
        self._threads: dict[str, Thread] = {}
        self._members: dict[str, Member] = {}
        self._known: dict[str, Comment] = {}
        self._parents: dict[UUID, str] = {}
        self._comments: list[dict[str, Any]] = []
        self._revisions: list[dict[str, Any]] = []

    def read(self, items: Sequence[CommentIn]) -> None:
        """Read what the items refer to; make the threads and members that are missing."""
        session, site_id = self._session, self._site_id
        self._threads = find(session, Thread, site_id, {item.thread.key for item in items})
        self._members = find(session, Member, site_id, {item.member.key for item in items})
        self._known = self._find_known({item.external_id for item in items if item.external_id})
        self._parents = self._find_parents({item.parent_id for item in items if item.parent_id})
        self._make_missing([item for item in items if self._is_welcome(item)])

    def outcome(self, item: Item) -> Outcome:
        """Return what becomes of the item; what is accepted is written by `store`."""
        given = item.comment
        known = self._known.get(given.external_id) if given.external_id else None
        if known:
            return self._answer_known(known, given)
        refused = self._refusal(given)
        return refused or Accepted(present_comment(self._add(item)), created=True)

    def _add(self, item: Item) -> CommentRecord:
        given, at = item.comment, item.at or self._now
        thread, member = self._threads[given.thread.key], self._members[given.member.key]
        _update_names(thread, member, given)
        comment = Comment(
            id=new_id(item.at),
            site_id=self._site_id,
            thread_id=thread.id,
            member_id=member.id,
            parent_id=given.parent_id,
            external_id=given.external_id,
            audience=given.audience,
            language=given.language,
            lane=item.lane,
            created_at=at,
            pending_since=self._now,
        )
        revision = Revision(
            comment_id=comment.id,
            number=1,
            site_id=self._site_id,
            body=given.body,
            created_at=at,
        )
        self._comments.append(comment.model_dump())
        self._revisions.append(revision.model_dump())
        if given.external_id:
            self._known[given.external_id] = comment
        after_commit(self._session, partial(count_accepted, item.lane))
        return CommentRecord(comment, given.body, thread, member)

    def store(self) -> None:
        """Write what was accepted so far."""
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

    def _answer_known(self, known: Comment, item: CommentIn) -> Outcome:
        # It may have come earlier in this very unit of work.
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
            return ExternalIdTaken(
                "A comment with this external_id differs in body, thread, member, parent or "
                "audience. PATCH that comment to edit it, or send another external_id.",
                id=str(known.id),
            )
        return Accepted(present_comment(record), created=False)

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
