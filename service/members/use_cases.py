"""Reads a site's members, and sets their status."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from service import clock
from service.domain.events import EventType
from service.domain.vocabulary import MemberStatus
from service.errors import Invalid
from service.events.outbox import About, record
from service.http.context import Context
from service.http.schemas import rfc3339
from service.members.repository import count_comments, count_reports, get_member
from service.members.schemas import MemberDetails, StatusIn
from service.members.status import current_status
from service.moderators.who import Who, resolve
from service.tables import Member


def read_member(context: Context, site_id: UUID, key: str) -> MemberDetails:
    """Return the member as they are now; raises NotFound."""
    with context.database.read() as session:
        return _present(session, get_member(session, site_id, key), clock.now())


def set_status(
    context: Context, site_id: UUID, key: str, change: StatusIn, who: Who | None
) -> MemberDetails:
    """Set the member's status, and record an event if the status or its end changes.

    Raises NotFound, or Invalid for an end that has passed, and what `resolve` raises.
    """
    now = clock.now()
    if change.until is not None and change.until <= now:
        raise Invalid.at("/until", "This time has passed. Send a later one, or none.")
    with context.database.write() as session:
        member = get_member(session, site_id, key, lock=True)
        before = current_status(member, now)
        until_before = member.status_until if before is not MemberStatus.ACTIVE else None
        facts: dict[str, Any] = {
            "from_status": before,
            "status": change.status,
            "until": rfc3339(change.until) if change.until else None,
        }
        if who:
            facts["moderator"] = {"key": resolve(session, site_id, who).key}
        member.status, member.status_until = change.status, change.until
        member.status_reason = change.reason
        if (change.status, change.until) != (before, until_before):
            about = About(site_id, member_id=member.id, facts=facts)
            record(session, EventType.MEMBER_STATUS_CHANGED, about, at=now)
        session.flush()
        return _present(session, member, now)


def _present(session: Session, member: Member, now: datetime) -> MemberDetails:
    status = current_status(member, now)
    has_expired = status is not member.status
    return MemberDetails(
        key=member.key,
        name=member.name,
        status=status,
        reason=None if has_expired else member.status_reason,
        until=None if has_expired else member.status_until,
        created_at=member.created_at,
        comments=count_comments(session, member),
        reports=count_reports(session, member),
    )
