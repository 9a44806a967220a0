"""What the review calls take and give."""

from typing import Annotated, Literal

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from service.comments.schemas import CommentOut
from service.domain.states import State
from service.domain.vocabulary import DecisionReason
from service.paging import DEFAULT_LIMIT, MAX_LIMIT
from service.schemas import Body, ModeratorIn, Strict

ModeratorHeader = Annotated[
    str | None,
    Header(alias="Netiquette-Moderator", description="Key of the moderator you speak for"),
]


class QueueQuery(BaseModel):
    """A page of the queue."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest"] = "oldest"
    after: str | None = Field(None, description="`next` of the page before")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class QueueCounts(BaseModel):
    """How much there is to do; counted when asked, so it cannot drift."""

    flagged: int
    long_pending: int = Field(description="Not decided by the policy for minutes")


class QueueOut(BaseModel):
    """A page of what waits for a moderator, oldest first."""

    items: list[CommentOut]
    next: str | None
    counts: QueueCounts


class DecisionIn(Strict):
    """A moderator's decision on the revision that they have read."""

    state: Literal[State.APPROVED, State.REJECTED, State.FLAGGED]
    revision: int = Field(ge=1, le=2**31 - 1, strict=True)
    expected_state: State | None = Field(
        None, description="The state that the moderator saw; another one now answers 409"
    )
    reason: DecisionReason | None = None
    note: Body | None = Field(None, max_length=2000, description="For colleagues, not readers")
    moderator: ModeratorIn
