"""Request and response bodies of the member calls."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from service.domain.vocabulary import MemberStatus
from service.http.schemas import Body, Strict, Time, id_of
from service.moderators.schemas import ModeratorIn

ErasureId = Annotated[UUID, id_of("erasure")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC, this time is outside the years 1 to 9999") from None


class CommentCounts(BaseModel):
    """How many comments the member has in each state."""

    pending: int = 0
    approved: int = 0
    flagged: int = 0
    rejected: int = 0
    withdrawn: int = 0


class ReportCounts(BaseModel):
    """How many reports the member has made."""

    made: int
    upheld: int = Field(description="Reports resolved by a decision that rejected the comment")


class MemberDetails(BaseModel):
    """A member as they are now; each call counts anew, so no count can be out of date."""

    key: str
    name: str | None
    status: MemberStatus = Field(description="`active` once an earlier status has expired")
    reason: str | None
    until: Time | None
    created_at: Time
    comments: CommentCounts
    reports: ReportCounts


class StatusIn(Strict):
    """A member's new status; leaving out the reason or the end removes it."""

    status: MemberStatus
    reason: Body | None = Field(None, max_length=2000, description="For moderators, not readers")
    until: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        None, description="When the member is `active` again; without it, the status has no end"
    )
    moderator: ModeratorIn | None = None

    @model_validator(mode="after")
    def _active_has_no_end(self) -> Self:
        if self.status is MemberStatus.ACTIVE and self.until is not None:
            raise ValueError("leave out `until`: the status active has no end")
        return self


class ErasureOut(BaseModel):
    """The receipt of a member's erasure; it does not name the member."""

    id: UUID
    state: Literal["pending", "completed"]
    requested_at: Time
    completed_at: Time | None
    comments: int = Field(description="Comments whose texts have been blanked so far")
