"""Starts a member's erasure, and reads the receipt of one (invariant 11)."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from service import clock
from service.domain.vocabulary import MemberStatus
from service.errors import NotFound
from service.http.context import Context
from service.members.repository import get_member
from service.members.schemas import ErasureOut
from service.tables import Erasure


def request_erasure(context: Context, site_id: UUID, key: str) -> ErasureOut:
    """Remove the member's key and name at once; the I/O worker erases the rest later.

    From then on the key does not lead to the member: a comment with the same key makes a
    new member. The erased member is banned. Its comments show a random key, and the ban
    keeps a site from adding texts to the member under that key. Raises NotFound.
    """
    with context.database.write() as session:
        member = get_member(session, site_id, key, lock=True)
        member.key = f"erased-{secrets.token_hex(16)}"
        member.name = None
        member.status, member.status_reason = MemberStatus.BANNED, None
        member.status_until = None
        erasure = Erasure(site_id=site_id, member_id=member.id, requested_at=clock.now())
        session.add(erasure)
        session.flush()
        return _present(erasure)


def get_erasure(context: Context, site_id: UUID, erasure_id: UUID) -> ErasureOut:
    """Return the erasure's receipt as it is now; raises NotFound."""
    with context.database.read() as session:
        erasure = session.exec(
            select(Erasure).where(col(Erasure.site_id) == site_id, col(Erasure.id) == erasure_id)
        ).one_or_none()
    if erasure is None:
        raise NotFound("erasure")
    return _present(erasure)


def is_erasing(session: Session, site_id: UUID, since: datetime) -> bool:
    """Tell whether an erasure of the site is running, or was completed after `since`."""
    completed = col(Erasure.completed_at)
    query = select(Erasure.id).where(
        col(Erasure.site_id) == site_id, or_(completed.is_(None), completed > since)
    )
    return session.exec(query.limit(1)).first() is not None


def _present(erasure: Erasure) -> ErasureOut:
    return ErasureOut(
        id=erasure.id,
        state="completed" if erasure.completed_at else "pending",
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
        comments=erasure.comments,
    )
