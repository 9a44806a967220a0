"""Reads a thread as its readers may see it, and changes a thread."""

from uuid import UUID

from sqlmodel import Session, col, or_, select

from service import clock
from service.comments.repository import comments_with_text
from service.comments.schemas import MemberOut
from service.domain.states import State
from service.domain.vocabulary import Moderation
from service.errors import NotFound
from service.health.scorers import is_silent, last_seen
from service.http.context import Context
from service.http.paging import decode_cursor, encode_cursor, fitting
from service.tables import Comment, Member, Thread
from service.threads.schemas import (
    ReaderComment,
    ThreadChanges,
    ThreadCommentsOut,
    ThreadQuery,
    ThreadState,
)
from service.threads.visibility import WAITING, Reader, has_visible_reply, visible

LIST = "thread"


def list_comments(
    context: Context, site_id: UUID, key: str, query: ThreadQuery
) -> ThreadCommentsOut:
    """Return a page of what this reader may see; raises NotFound, or Invalid for a cursor."""
    filters = query.model_dump(mode="json", exclude={"after", "limit"}, exclude_none=True)
    filters["thread"] = key
    position = decode_cursor(query.after, LIST, filters, UUID) if query.after else None
    with context.database.read() as session:
        thread = _get_thread(session, site_id, key)
        reader = _find_reader(session, thread, query)
        shown = visible(Comment, thread, reader)
        tombstone = has_visible_reply(thread, reader)
        page = (
            comments_with_text(site_id)
            .add_columns(shown.label("shown"))
            .where(col(Comment.thread_id) == thread.id, or_(shown, tombstone))
            .limit(query.limit + 1)
        )
        column = col(Comment.id)
        if query.order == "newest":
            page = page.order_by(column.desc())
            page = page.where(column < position) if position else page
        else:
            page = page.order_by(column)
            page = page.where(column > position) if position else page
        rows = session.execute(page).all()
    count = fitting([len(body) for _, body, *_ in rows[: query.limit]])
    items = [
        _present(comment, body, member, is_shown=is_shown, reader=reader.member_id)
        for comment, body, _, member, is_shown in rows[:count]
    ]
    more = len(rows) > count
    return ThreadCommentsOut(
        items=items, next=encode_cursor(LIST, filters, str(items[-1].id)) if more else None
    )


def read_thread(context: Context, site_id: UUID, key: str) -> ThreadState:
    """Return the thread as it is now; raises NotFound."""
    with context.database.read() as session:
        thread = _get_thread(session, site_id, key)
        return ThreadState.model_validate(thread, from_attributes=True)


def change_thread(context: Context, site_id: UUID, key: str, changes: ThreadChanges) -> ThreadState:
    """Set the given fields and leave the others; raises NotFound."""
    with context.database.write() as session:
        thread = _get_thread(session, site_id, key)
        for name, value in changes.model_dump(exclude_unset=True).items():
            setattr(thread, name, value)
        return ThreadState.model_validate(thread, from_attributes=True)


def _get_thread(session: Session, site_id: UUID, key: str) -> Thread:
    thread = session.exec(
        select(Thread).where(col(Thread.site_id) == site_id, col(Thread.key) == key)
    ).one_or_none()
    if thread is None:
        raise NotFound("thread")
    return thread


def _find_reader(session: Session, thread: Thread, query: ThreadQuery) -> Reader:
    unread = thread.moderation is Moderation.POST and not is_silent(last_seen(session))
    return Reader(
        audience=query.audience,
        member_id=_find_member_id(session, thread.site_id, query.member),
        now=clock.now(),
        sees_unread=unread,
    )


def _find_member_id(session: Session, site_id: UUID, key: str | None) -> UUID | None:
    if key is None:
        return None
    return session.exec(
        select(Member.id).where(col(Member.site_id) == site_id, col(Member.key) == key)
    ).one_or_none()


def _present(
    comment: Comment, body: str, member: Member, *, is_shown: bool, reader: UUID | None
) -> ReaderComment:
    if not is_shown:
        return ReaderComment(
            id=comment.id,
            parent_id=comment.parent_id,
            created_at=comment.created_at,
            tombstone=True,
        )
    return ReaderComment(
        id=comment.id,
        parent_id=comment.parent_id,
        created_at=comment.created_at,
        tombstone=False,
        waiting=comment.state in WAITING and comment.member_id == reader,
        state=State(comment.state),
        revision=comment.revision,
        body=body,
        edited_at=comment.edited_at,
        audience=comment.audience,
        member=MemberOut(key=member.key, name=member.name),
    )
