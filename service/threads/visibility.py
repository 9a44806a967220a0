"""What readers may see, as conditions on the comment table.

Readers see what is approved; where a thread moderates after publication, also a
first revision that is still pending, of an active member, for five minutes: a
scorer that is away must not publish. Authors see what waits of their own.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from service.domain.states import State
from service.domain.vocabulary import Audience, MemberStatus, Moderation
from service.tables import Comment, Member, Thread

UNMODERATED_FOR = timedelta(minutes=5)

WAITING = (State.PENDING, State.FLAGGED)


def visible(
    comment: Any, thread: Thread, audience: Audience, reader: UUID | None, now: datetime
) -> ColumnElement[bool]:
    """Return whether this reader may read the comment (a Comment or an alias of it)."""
    allowed = or_(
        comment.state == State.APPROVED,
        _published_before_moderation(comment, thread, now),
        waiting_for(comment, reader),
    )
    return and_(allowed, _in_audience(comment, audience))


def waiting_for(comment: Any, reader: UUID | None) -> ColumnElement[bool]:
    """Return whether the comment is the reader's own and waits for a decision."""
    if reader is None:
        return false()
    return and_(comment.member_id == reader, comment.state.in_(WAITING))


def has_visible_reply(
    thread: Thread, audience: Audience, reader: UUID | None, now: datetime
) -> ColumnElement[bool]:
    """Return whether a reply to the comment is visible, so that it needs a tombstone."""
    reply = aliased(Comment)
    return (
        select(reply.id)
        .where(
            reply.site_id == thread.site_id,
            # What else Postgres might do is read the site's comments, all at once.
            reply.thread_id == thread.id,
            reply.parent_id == col(Comment.id),
            visible(reply, thread, audience, reader, now),
        )
        .exists()
    )


def _in_audience(comment: Any, audience: Audience) -> ColumnElement[bool]:
    if audience is Audience.MEMBERS:
        return true()
    condition: ColumnElement[bool] = comment.audience == Audience.PUBLIC
    return condition


def _published_before_moderation(
    comment: Any, thread: Thread, now: datetime
) -> ColumnElement[bool]:
    if thread.moderation is not Moderation.POST:
        return false()
    author = aliased(Member)
    active = (
        select(author.id)
        .where(
            author.site_id == thread.site_id,
            author.id == comment.member_id,
            or_(col(author.status) == MemberStatus.ACTIVE, col(author.status_until) <= now),
        )
        .exists()
    )
    return and_(
        comment.state == State.PENDING,
        comment.revision == 1,
        comment.created_at > now - UNMODERATED_FOR,
        active,
    )
