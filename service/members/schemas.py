"""What the member calls take and give."""

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
        raise ValueError("in UTC, this is beyond the year 9999") from None


class CommentCounts(BaseModel):
    """The member's comments by state."""

    pending: int = 0
    approved: int = 0
    flagged: int = 0
    rejected: int = 0
    withdrawn: int = 0


class ReportCounts(BaseModel):
    """The reports that the member has made."""

    made: int
    upheld: int = Field(description="Resolved by a decision that rejected the comment")


class MemberDetails(BaseModel):
    """A member as they are now; counted when asked, so nothing can drift."""

    key: str
    name: str | None
    status: MemberStatus = Field(description="What has expired is `active` again")
    reason: str | None
    until: Time | None
    created_at: Time
    comments: CommentCounts
    reports: ReportCounts


class StatusIn(Strict):
    """A member's new status; a reason or an end that is left out is none."""

    status: MemberStatus
    reason: Body | None = Field(None, max_length=2000, description="For moderators, not readers")
    until: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        None, description="When the member is `active` again; never, if left out"
    )
    moderator: ModeratorIn | None = None

    @model_validator(mode="after")
    def _active_has_no_end(self) -> Self:
        if self.status is MemberStatus.ACTIVE and self.until is not None:
            raise ValueError("leave out `until` with the status active")
        return self


class ErasureOut(BaseModel):
    """The receipt of a member's erasure; it names nobody."""

    id: UUID
    state: Literal["pending", "completed"]
    requested_at: Time
    completed_at: Time | None
    comments: int = Field(description="Comments whose texts have been blanked so far")
