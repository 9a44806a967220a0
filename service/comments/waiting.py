"""What callers who post a comment wait for (Prefer: wait)."""

from uuid import UUID

from sqlmodel import col, select

from service.db import Database
from service.domain.states import State
from service.tables import Comment


def find_decided(database: Database, comment_ids: list[UUID]) -> list[UUID]:
    """Return which of the comments are decided."""
    with database.read() as session:
        return list(
            session.exec(
                select(Comment.id).where(
                    col(Comment.id).in_(comment_ids), col(Comment.state) != State.PENDING
                )
            )
        )
