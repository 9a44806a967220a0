"""What the review calls take and give."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from service.comments.schemas import CommentOut, ModeratorOut
from service.domain.states import State
from service.domain.vocabulary import DecisionReason
from service.http.schemas import Body, Key, Page, Strict, Time, id_of
from service.moderators.schemas import ModeratorIn

MAX_CLAIMS = 50

DecisionId = Annotated[UUID, id_of("decision")]

ModeratorHeader = Annotated[
    str | None,
    Header(alias="Netiquette-Moderator", description="Key of the moderator you speak for"),
]


class QueueFilters(BaseModel):
    """Which part of the queue, and in which order."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest", "riskiest", "most_reported"] = "oldest"
    thread: Key | None = Field(None, description="Only this thread")
    reason: str | None = Field(
        None,
        pattern="^[a-z_]{1,40}$",
        description="Only comments that are there for this reason: a code such as `reported`, "
        "`long_pending`, `over_threshold`, or an attribute such as `threat`",
    )
    language: str | None = Field(
        None, pattern="^[A-Za-z-]{2,35}$", description="As the workers detected it, e.g. `de`"
    )


class QueueQuery(QueueFilters, Page):
    """A page of the queue."""


class ClaimIn(QueueFilters):
    """How many comments a moderator takes, with the filters of the queue."""

    limit: int = Field(10, ge=1, le=MAX_CLAIMS, strict=True)
    moderator: ModeratorIn


class ClaimOut(BaseModel):
    """Who works on a comment, and until when."""

    moderator: ModeratorOut
    until: Time


class QueueItem(CommentOut):
    """A comment in the queue."""

    claim: ClaimOut | None
    open_reports: int = Field(description="Anonymous ones included")


class QueueCounts(BaseModel):
    """How much there is to do on the whole site; counted when asked, so it cannot drift."""

    flagged: int
    reported: int = Field(description="Published, with open reports")
    long_pending: int = Field(description="Not decided by the policy for minutes")
    claimed: int = Field(description="Of all these, held by somebody now")


class QueueOut(BaseModel):
    """A page of what waits for a moderator."""

    items: list[QueueItem]
    next: str | None
    counts: QueueCounts


class ClaimsOut(BaseModel):
    """What the moderator holds now, in the order asked for."""

    items: list[QueueItem]


class Verdict(Strict):
    """What a moderator decides of the revision that they have read."""

    state: Literal[State.APPROVED, State.REJECTED, State.FLAGGED]
    revision: int = Field(ge=1, le=2**31 - 1, strict=True)
    expected_state: State | None = Field(
        None, description="The state that the moderator saw; another one now answers 409"
    )
    reason: DecisionReason | None = None
    note: Body | None = Field(None, max_length=2000, description="For colleagues, not readers")


class DecisionIn(Verdict):
    """A verdict, with the moderator whose it is."""

    moderator: ModeratorIn


class UndoIn(Strict):
    """Who takes a decision back."""

    moderator: ModeratorIn
