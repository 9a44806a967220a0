"""Tells what a member may do now; its functions are pure."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from service.domain.vocabulary import MemberStatus
from service.errors import MemberBanned, MemberSuspended, NetiquetteError
from service.tables import Member


@dataclass(frozen=True)
class Standing:
    """A member's status, with the reason for it and its end."""

    status: MemberStatus
    reason: str | None = None
    until: datetime | None = None


def current_standing(member: Member, now: datetime) -> Standing:
    """Return the member's standing at `now`; of an expired status, nothing is left."""
    if member.status_until is not None and member.status_until <= now:
        return Standing(MemberStatus.ACTIVE)
    return Standing(member.status, member.status_reason, member.status_until)


def current_status(member: Member, now: datetime) -> MemberStatus:
    """Return the member's status at `now`; an expired status is `active` again."""
    return current_standing(member, now).status


def is_active(now: datetime, member: type[Member] = Member) -> ColumnElement[bool]:
    """Return the condition that the current status of `member`, or its alias, is `active`."""
    return or_(col(member.status) == MemberStatus.ACTIVE, col(member.status_until) <= now)


def refusal(member: Member, now: datetime) -> NetiquetteError | None:
    """Return the error that keeps the member from writing now; None if they may write."""
    status = current_status(member, now)
    if status is MemberStatus.BANNED:
        return MemberBanned("This member is banned and cannot write comments.")
    if status is MemberStatus.SUSPENDED:
        until = f" until {member.status_until:%Y-%m-%dT%H:%M:%SZ}" if member.status_until else ""
        return MemberSuspended(f"This member is suspended{until} and cannot write comments.")
    return None
