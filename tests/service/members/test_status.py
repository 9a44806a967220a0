from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from service.domain.vocabulary import MemberStatus
from service.members.status import current_status, refusal
from service.tables import Member

NOW = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


def member(status: MemberStatus, until: datetime | None = None) -> Member:
    return Member(site_id=uuid4(), key="lena", status=status, status_until=until)


@pytest.mark.parametrize("status", MemberStatus)
def test_a_status_lasts_until_it_expires(status: MemberStatus) -> None:
    assert current_status(member(status), NOW) is status
    assert current_status(member(status, NOW + A_SECOND), NOW) is status
    assert current_status(member(status, NOW), NOW) is MemberStatus.ACTIVE
    assert current_status(member(status, NOW - A_SECOND), NOW) is MemberStatus.ACTIVE


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (MemberStatus.ACTIVE, None),
        (MemberStatus.PREMODERATED, None),
        (MemberStatus.SUSPENDED, "member-suspended"),
        (MemberStatus.BANNED, "member-banned"),
    ],
)
def test_who_may_not_write(status: MemberStatus, slug: str | None) -> None:
    refused = refusal(member(status), NOW)
    assert (refused.slug if refused else None) == slug
    assert refusal(member(status, NOW), NOW) is None


def test_a_suspended_member_learns_until_when() -> None:
    refused = refusal(member(MemberStatus.SUSPENDED, NOW + A_SECOND), NOW)
    assert refused is not None
    assert "2026-11-03T20:15:01Z" in refused.detail
