"""Accepts comments of one site within one unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, col, select

from service.comments.backlog import Backlogs
from service.comments.presenter import present_comment
from service.comments.repository import CommentRecord, get_record
from service.comments.schemas import CommentIn, CommentOut
from service.db import after_commit
from service.domain.costs import is_long
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
    """A comment that a caller asks the service to accept."""

    comment: CommentIn
    lane: Lane
    at: datetime | None = None
    """When the comment was written; None means now. Its id and its order follow from this."""


@dataclass(frozen=True)
class Accepted:
    """A comment that is stored; `created` is false if its external id was already known."""

    comment: CommentOut
    created: bool

    @property
    def is_pending(self) -> bool:
        """Whether the comment is new and has no decision yet."""
        return self.created and self.comment.state is State.PENDING


Outcome = Accepted | NetiquetteError


def accept_items(
    session: Session, site_id: UUID, items: Sequence[Item], now: datetime, backlogs: Backlogs
) -> list[Outcome]:
    """Add the site's items as pending comments, in order; the caller commits.

    The outcome of an item is the new comment, the known comment with its external id, or
    the error that refuses it: ExternalIdTaken, ThreadClosed, MemberSuspended, MemberBanned,
    Invalid for a parent that is not in the same thread, or TooManyPending. Raises
    IntegrityError if another request has stored the same external id meanwhile.
    """
    accepting = _Accepting(session, site_id, now, backlogs)
    accepting.read([item.comment for item in items])
    # Names and titles are written by the commit, all at once and in the order of their ids.
    # Written in the order of the items, they would make two batches wait for each other.
    with session.no_autoflush:
        outcomes = [accepting.outcome(item) for item in items]
        accepting.store()
    new = sum(_is_new(outcome) for outcome in outcomes)
    after_commit(session, partial(backlogs.fill, site_id, new))
    return outcomes


def _is_new(outcome: Outcome) -> bool:
    return isinstance(outcome, Accepted) and outcome.created


class _Accepting:
    """Accepts the items of one site, and reads the rows that they share only once."""

    def __init__(self, session: Session, site_id: UUID, now: datetime, backlogs: Backlogs) -> None:
        self._session = session
        self._backlogs = backlogs
        self._room = backlogs.room(session, site_id)
        self._site_id = site_id
        self._now = now
        self._threads: dict[str, Thread] = {}
        self._members: dict[str, Member] = {}
        self._known: dict[str, Comment] = {}
        self._parents: dict[UUID, str] = {}
        self._comments: list[dict[str, Any]] = []
        self._revisions: list[dict[str, Any]] = []

    def read(self, items: Sequence[CommentIn]) -> None:
        """Read the rows that the items refer to, and add missing threads and members."""
        session, site_id = self._session, self._site_id
        self._threads = find(session, Thread, site_id, {item.thread.key for item in items})
        self._members = find(session, Member, site_id, {item.member.key for item in items})
        self._known = self._find_known({item.external_id for item in items if item.external_id})
        self._parents = self._find_parents({item.parent_id for item in items if item.parent_id})
        self._make_missing([item for item in items if self._is_welcome(item)])

    def outcome(self, item: Item) -> Outcome:
        """Return the outcome of the item; `store` writes it if it is accepted."""
        given = item.comment
        known = self._known.get(given.external_id) if given.external_id else None
        if known:
            return self._answer_known(known, given)
        refused = self._refusal(given)
        if refused:
            return refused
        if self._room <= 0:
            return self._backlogs.refusal()
        self._room -= 1
        return Accepted(present_comment(self._add(item)), created=True)

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
            is_long=is_long(given.body),
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
        """Write the comments that were accepted so far."""
        # As rows: the session takes twice as long to write objects.
        connection = self._session.connection()
        for table, rows in ((Comment, self._comments), (Revision, self._revisions)):
            if rows:
                connection.execute(insert(table), rows)
                rows.clear()

    def _is_welcome(self, item: CommentIn) -> bool:
        """Tell whether the item, as far as is known now, will become a comment."""
        is_new = self._room > 0 and item.external_id not in self._known
        return is_new and self._refusal(item) is None

    def _make_missing(self, items: Sequence[CommentIn]) -> None:
        threads = {item.thread.key for item in items} - self._threads.keys()
        members = {item.member.key for item in items} - self._members.keys()
        self._threads |= make(self._session, Thread, self._site_id, threads)
        self._members |= make(self._session, Member, self._site_id, members)

    def _refusal(self, item: CommentIn) -> NetiquetteError | None:
        """Return why the item is refused, or None; a new thread or member never refuses it."""
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
        # The known comment may be from this unit of work, and not be written yet.
        self.store()
        record = get_record(self._session, self._site_id, known.id)
        same = (
            self._had_body(known, item.body)
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

    def _had_body(self, known: Comment, body: str) -> bool:
        """Return whether any revision of the comment has this text."""
        found = self._session.exec(
            select(Revision.number)
            .where(
                col(Revision.site_id) == self._site_id,
                col(Revision.comment_id) == known.id,
                col(Revision.body) == body,
            )
            .limit(1)
        )
        return found.first() is not None

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
        """Return the key of each parent's thread, by parent; leaves out unknown parents."""
        if not ids:
            return {}
        found = self._session.exec(
            select(Comment.id, Thread.key)
            .join(Thread, col(Thread.id) == col(Comment.thread_id))
            .where(col(Comment.site_id) == self._site_id, col(Comment.id).in_(ids))
        )
        return dict(found.all())


def _update_names(thread: Thread, member: Member, item: CommentIn) -> None:
    """Store the names, URL and title that the site sent; a field left out changes nothing."""
    if item.thread.url is not None and item.thread.url != thread.url:
        thread.url = item.thread.url
    if item.thread.title is not None and item.thread.title != thread.title:
        thread.title = item.thread.title
    if item.member.name is not None and item.member.name != member.name:
        member.name = item.member.name
