"""Reads a site's members, and sets their status."""

from dataclasses import replace
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
from service.members.schemas import MemberChanges, MemberDetails
from service.members.status import Standing, current_standing
from service.moderators.who import Who, resolve
from service.tables import Member


def read_member(context: Context, site_id: UUID, key: str) -> MemberDetails:
    """Return the member as they are now; raises NotFound."""
    with context.database.read() as session:
        return _present(session, get_member(session, site_id, key), clock.now())


def change_status(
    context: Context, site_id: UUID, key: str, changes: MemberChanges, who: Who | None
) -> MemberDetails:
    """Set the given parts of the member's status, and record an event if it or its end changes.

    Raises NotFound, or Invalid for an end that has passed or that `active` cannot have, and
    what `resolve` raises.
    """
    now = clock.now()
    if changes.until is not None and changes.until <= now:
        raise Invalid.at("/until", "This time has passed. Send a later one, or null for no end.")
    with context.database.write() as session:
        member = get_member(session, site_id, key, lock=True)
        before = current_standing(member, now)
        after = _changed(before, changes)
        facts: dict[str, Any] = {
            "from_status": before.status,
            "status": after.status,
            "until": rfc3339(after.until) if after.until else None,
        }
        if who:
            facts["moderator"] = {"key": resolve(session, site_id, who).key}
        member.status, member.status_until = after.status, after.until
        member.status_reason = after.reason
        if (after.status, after.until) != (before.status, before.until):
            about = About(site_id, member_id=member.id, facts=facts)
            record(session, EventType.MEMBER_STATUS_CHANGED, about, at=now)
        session.flush()
        return _present(session, member, now)


def _changed(before: Standing, changes: MemberChanges) -> Standing:
    """Return the standing with the changes; raises Invalid for an end of `active`.

    The reason and the end of a restriction go with it, as they do when it expires.
    """
    given = changes.model_dump(exclude_unset=True, exclude={"moderator"})
    if changes.status is MemberStatus.ACTIVE and before.status is not MemberStatus.ACTIVE:
        before = Standing(MemberStatus.ACTIVE)
    after = replace(before, **given)
    if after.status is MemberStatus.ACTIVE and after.until is not None:
        raise Invalid.at("/until", "The status active has no end. Send another status with it.")
    return after


def _present(session: Session, member: Member, now: datetime) -> MemberDetails:
    standing = current_standing(member, now)
    return MemberDetails(
        key=member.key,
        name=member.name,
        status=standing.status,
        reason=standing.reason,
        until=standing.until,
        created_at=member.created_at,
        comments=count_comments(session, member),
        reports=count_reports(session, member),
    )
