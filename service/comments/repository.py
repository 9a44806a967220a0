"""Reads comments with their threads, members, assessments and decisions.

Every query is scoped to a site, except `find_decided`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, and_, col, select
from sqlmodel.sql.expression import Select

from service.db import Database
from service.domain.states import State
from service.errors import NotFound
from service.tables import (
    Assessment,
    Comment,
    Decision,
    Member,
    Moderator,
    Revision,
    Thread,
)

Row = TypeVar("Row", Assessment, Decision)


@dataclass(frozen=True)
class CommentRecord:
    """A comment with its current revision, and that revision's last assessment and decision."""

    comment: Comment
    body: str
    thread: Thread
    member: Member
    assessment: Assessment | None = None
    decision: Decision | None = None
    moderator: Moderator | None = None


def comments_with_text(site_id: UUID) -> Select[Comment, str, Thread, Member]:
    """Return the query for a site's comments with their current text, thread and member."""
    return (
        select(Comment, Revision.body, Thread, Member)
        .join(
            Revision,
            and_(
                col(Revision.comment_id) == col(Comment.id),
                col(Revision.number) == col(Comment.revision),
            ),
        )
        .join(Thread, col(Thread.id) == col(Comment.thread_id))
        .join(Member, col(Member.id) == col(Comment.member_id))
        .where(col(Comment.site_id) == site_id)
    )


def lock_comment(session: Session, site_id: UUID, comment_id: UUID) -> Comment:
    """Return the site's comment, locked until the commit; raises NotFound.

    No other transaction can change it: Postgres locks the row, SQLite has one writer.
    """
    comment = session.exec(
        select(Comment)
        .where(col(Comment.site_id) == site_id, col(Comment.id) == comment_id)
        .with_for_update()
    ).one_or_none()
    if comment is None:
        raise NotFound("comment")
    return comment


def get_record(session: Session, site_id: UUID, comment_id: UUID) -> CommentRecord:
    """Return the site's comment with its related rows; raises NotFound."""
    row = session.exec(
        comments_with_text(site_id).where(col(Comment.id) == comment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("comment")
    return complete(session, site_id, [row])[0]


def complete(
    session: Session, site_id: UUID, rows: Iterable[tuple[Comment, str, Thread, Member]]
) -> list[CommentRecord]:
    """Add to each row the last assessment and decision of its current revision."""
    rows = list(rows)
    comments = [row[0] for row in rows]
    assessments = _latest(session, site_id, Assessment, comments)
    decisions = _latest(session, site_id, Decision, comments)
    moderators = get_moderators(session, site_id, decisions.values())
    return [
        CommentRecord(
            comment=comment,
            body=body,
            thread=thread,
            member=member,
            assessment=assessments.get(comment.id),
            decision=decision,
            moderator=moderators.get(decision.moderator_id)
            if decision and decision.moderator_id
            else None,
        )
        for comment, body, thread, member in rows
        for decision in [decisions.get(comment.id)]
    ]


def get_moderators(
    session: Session, site_id: UUID, decisions: Iterable[Decision]
) -> dict[UUID, Moderator]:
    """Return the moderators of these decisions by id."""
    ids = {decision.moderator_id for decision in decisions if decision.moderator_id}
    if not ids:
        return {}
    found = session.exec(
        select(Moderator).where(col(Moderator.site_id) == site_id, col(Moderator.id).in_(ids))
    )
    return {moderator.id: moderator for moderator in found}


def _latest(
    session: Session, site_id: UUID, table: type[Row], comments: Sequence[Comment]
) -> dict[UUID, Row]:
    """Return the newest row for each comment's current revision, by comment id."""
    if not comments:
        return {}
    current = [(comment.id, comment.revision) for comment in comments]
    rows = session.exec(
        select(table)
        .where(
            col(table.site_id) == site_id,
            # By their comments alone, or SQLite would read the whole table.
            col(table.comment_id).in_([comment.id for comment in comments]),
            tuple_(col(table.comment_id), col(table.revision)).in_(current),
        )
        .order_by(col(table.created_at), col(table.id))
    )
    return {row.comment_id: row for row in rows}


def get_body(session: Session, site_id: UUID, comment_id: UUID, revision: int) -> str:
    """Return the text of one revision of a site's comment."""
    return session.exec(
        select(Revision.body).where(
            col(Revision.site_id) == site_id,
            col(Revision.comment_id) == comment_id,
            col(Revision.number) == revision,
        )
    ).one()


def find_decided(database: Database, comment_ids: list[UUID]) -> list[UUID]:
    """Return the ids of those comments that are decided, for waiting callers (Prefer: wait).

    The comments may be of any sites: each caller waits for a comment that it sent itself.
    """
    with database.read() as session:
        return list(
            session.exec(
                select(Comment.id).where(
                    col(Comment.id).in_(comment_ids), col(Comment.state) != State.PENDING
                )
            )
        )
