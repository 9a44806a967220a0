"""Conditions on the comment table that say which comments readers may see.

Readers see approved comments. In a thread that is moderated after publication, they also
see a comment that is still pending, if it is its first revision, its author is active, and
it is at most five minutes old, as long as a worker is alive that will score it. Authors
also see their own pending and flagged comments.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from service.domain.states import State
from service.domain.vocabulary import Audience
from service.members.status import is_active
from service.tables import Comment, Member, Thread

UNMODERATED_FOR = timedelta(minutes=5)

WAITING = (State.PENDING, State.FLAGGED)


@dataclass(frozen=True)
class Reader:
    """Who reads a thread, and when."""

    audience: Audience
    member_id: UUID | None
    """The member who reads; None for anybody else."""
    now: datetime
    sees_unread: bool
    """Whether first revisions show before they are decided: on a thread that is moderated after
    publication, while a worker is alive that scores."""


def visible(comment: Any, thread: Thread, reader: Reader) -> ColumnElement[bool]:
    """Return the condition that this reader may read `comment`, a Comment or its alias."""
    allowed = or_(
        comment.state == State.APPROVED,
        _published_before_moderation(comment, thread, reader),
        waiting_for(comment, reader.member_id),
    )
    return and_(allowed, _in_audience(comment, reader.audience))


def waiting_for(comment: Any, reader: UUID | None) -> ColumnElement[bool]:
    """Return the condition that the comment is the reader's own, and pending or flagged."""
    if reader is None:
        return false()
    return and_(comment.member_id == reader, comment.state.in_(WAITING))


def has_visible_reply(thread: Thread, reader: Reader) -> ColumnElement[bool]:
    """Return the condition that a reply is visible, so that the comment needs a tombstone."""
    reply = aliased(Comment)
    return (
        select(reply.id)
        .where(
            reply.site_id == thread.site_id,
            # Without this condition, Postgres may choose to read all comments of the site.
            reply.thread_id == thread.id,
            reply.parent_id == col(Comment.id),
            visible(reply, thread, reader),
        )
        .exists()
    )


def _in_audience(comment: Any, audience: Audience) -> ColumnElement[bool]:
    if audience is Audience.MEMBERS:
        return true()
    condition: ColumnElement[bool] = comment.audience == Audience.PUBLIC
    return condition


def _published_before_moderation(
    comment: Any, thread: Thread, reader: Reader
) -> ColumnElement[bool]:
    if not reader.sees_unread:
        return false()
    author = aliased(Member)
    active = (
        select(author.id)
        .where(
            author.site_id == thread.site_id,
            author.id == comment.member_id,
            is_active(reader.now, author),
        )
        .exists()
    )
    return and_(
        comment.state == State.PENDING,
        comment.revision == 1,
        comment.created_at > reader.now - UNMODERATED_FOR,
        active,
    )
