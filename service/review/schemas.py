"""Request and response bodies of the review calls."""

from typing import Annotated, Literal
from urllib.parse import unquote
from uuid import UUID

from fastapi import Header, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.comments.schemas import CommentOut, ModeratorOut
from service.domain.states import State
from service.domain.vocabulary import DecisionReason
from service.http.schemas import Key, Note, Page, Strict, Time, example, id_of
from service.moderators.schemas import ModeratorIn

MAX_CLAIMS = 50

DecisionId = Annotated[UUID, id_of("decision"), Path(description="Id of the decision")]

_header = Header(
    alias="Netiquette-Moderator",
    description="Key of the moderator for whom you act, percent-encoded where it is not ASCII",
)

ModeratorHeader = Annotated[Key, BeforeValidator(unquote), _header]
"""A header in the place of `moderator`, in calls without a body."""

OptionalModeratorHeader = Annotated[
    Annotated[Key, BeforeValidator(unquote)] | None,
    _header,
]


class QueueFilters(BaseModel):
    """The part of the queue to return, and its order."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest", "riskiest", "most_reported"] = Field(
        "oldest",
        description="The longest known first, the highest `risk`, or the most open reports",
    )
    thread: Key | None = Field(None, description="Only this thread")
    reason: str | None = Field(
        None,
        max_length=40,
        pattern="^[a-z_]{1,40}$",
        description="Only comments that are in the queue for this reason: a code such as "
        "`reported`, `long_pending` or `over_threshold`, or an attribute such as `threat`",
    )
    language: str | None = Field(
        None,
        max_length=35,
        pattern="^[A-Za-z-]{2,35}$",
        description="Language that workers detected, e.g. `de`",
    )


class QueueQuery(QueueFilters, Page):
    """A page of the queue."""


class ClaimIn(QueueFilters):
    """The number of comments that a moderator claims, with the filters of the queue."""

    model_config = example(limit=5, order="riskiest", moderator={"key": "petra", "name": "Petra"})

    limit: int = Field(
        10,
        ge=1,
        le=MAX_CLAIMS,
        strict=True,
        description="How many comments the moderator holds then, with those held before",
    )
    moderator: ModeratorIn


class ClaimOut(BaseModel):
    """The moderator who has claimed a comment, and the end of the claim."""

    moderator: ModeratorOut
    until: Time
    own: bool = Field(
        description="Whether the claim is of the moderator for whom you act: in the header "
        "`Netiquette-Moderator` of a GET, in the body of other calls"
    )


class QueueItem(CommentOut):
    """A comment in the queue."""

    claim: ClaimOut | None
    risk: float | None = Field(
        description="Highest score 0..1 of the attributes that the site's policy judges, over all "
        "forms of the text that were scored; the order `riskiest` goes by it, null last"
    )
    open_reports: int = Field(description="Open reports, including anonymous ones")


class QueueCounts(BaseModel):
    """The size of the site's whole queue; each call counts anew, so no count is out of date.

    A comment counts under each heading that fits: as flagged and as reported, for example.
    """

    flagged: int = Field(description="Flagged comments")
    reported: int = Field(
        description="Comments in the queue with open reports, as `reason=reported` lists them"
    )
    long_pending: int = Field(description="Comments that have been pending for too long")
    claimed: int = Field(description="Comments that a moderator has claimed now")


class QueueOut(BaseModel):
    """A page of the comments that wait for a moderator."""

    items: list[QueueItem]
    next: str | None
    counts: QueueCounts


class ClaimsOut(BaseModel):
    """The comments that the moderator has claimed now, in the order asked for."""

    items: list[QueueItem]


class Verdict(Strict):
    """A moderator's verdict on the revision that they have read."""

    state: Literal[State.APPROVED, State.REJECTED, State.FLAGGED] = Field(
        description="The comment's new state; `flagged` leaves it to another moderator"
    )
    revision: int = Field(
        ge=1, le=2**31 - 1, strict=True, description="The revision that the moderator has read"
    )
    expected_state: State | None = Field(
        None, description="The state that the moderator saw; 409 if the comment's state differs"
    )
    reason: DecisionReason | None = None
    note: Note | None = Field(None, description="For moderators, not readers")


class DecisionIn(Verdict):
    """A verdict, with the moderator who gives it."""

    model_config = example(
        state="rejected",
        revision=1,
        expected_state="flagged",
        reason="insult",
        moderator={"key": "petra", "name": "Petra"},
    )

    moderator: ModeratorIn


class UndoIn(Strict):
    """The moderator who undoes a decision."""

    model_config = example(moderator={"key": "petra"})

    moderator: ModeratorIn
