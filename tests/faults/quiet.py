"""Whether anything of a site still waits, or is held by somebody."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, or_, select

from service.db import Database
from service.domain.states import State
from service.tables import Comment


def nothing_waits(database: Database, site_id: UUID) -> bool:
    """Tell whether all comments are decided and nobody has a lease; False where nobody can tell."""
    waiting = or_(col(Comment.state) == State.PENDING, col(Comment.lease).is_not(None))
    with suppress(SQLAlchemyError), database.read() as session:
        query = select(func.count()).where(col(Comment.site_id) == site_id, waiting)
        return session.exec(query).one() == 0
    return False
