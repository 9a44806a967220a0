"""Request and response bodies of the member calls."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field, model_validator

from service.domain.vocabulary import MemberStatus
from service.http.schemas import Changes, Note, Time, TimeIn, example, id_of
from service.moderators.schemas import ModeratorIn

ErasureId = Annotated[UUID, id_of("erasure"), Path(description="Id of the receipt")]


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


class MemberChanges(Changes):
    """The parts of a member's status to set; a field that is left out stays as it is."""

    model_config = example(
        status="suspended",
        reason="Drei Beleidigungen in einer Woche.",
        until="2099-12-24T18:00:00Z",
        moderator={"key": "petra"},
    )
    removable = frozenset({"reason", "until"})

    status: MemberStatus | None = Field(
        None, description="What the member may do; `active` also removes `reason` and `until`"
    )
    reason: Note | None = Field(None, description="For moderators, not readers; null removes it")
    until: TimeIn | None = Field(
        None, description="When the member is `active` again; null: the status has no end"
    )
    moderator: ModeratorIn | None = Field(None, description="The moderator for whom you act")

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
