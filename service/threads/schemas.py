"""What the thread calls take and give."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.comments.schemas import MemberOut, WebAddress
from service.domain.states import State
from service.domain.vocabulary import Audience, Moderation
from service.http.schemas import Key, Line, Page, Strict, Time


class ThreadQuery(Page):
    """Which comments of a thread, and in which order."""

    audience: Audience = Field(
        Audience.PUBLIC, description="`members` reads the public comments as well"
    )
    member: Key | None = Field(None, description="Also show what waits of this member's own")
    order: Literal["oldest", "newest"] = "oldest"


class ReaderComment(BaseModel):
    """A comment as readers may see it, or the tombstone of one they may not."""

    id: UUID
    parent_id: UUID | None
    created_at: Time
    tombstone: bool = Field(description="Not visible itself, but a visible comment answers it")
    waiting: bool = Field(
        False, description="The asking member's own, and pending or flagged: not decided for good"
    )
    state: State | None = None
    revision: int | None = None
    body: str | None = None
    edited_at: Time | None = None
    audience: Audience | None = None
    member: MemberOut | None = None


class ThreadCommentsOut(BaseModel):
    """A page of a thread."""

    items: list[ReaderComment]
    next: str | None


class ThreadState(BaseModel):
    """A thread."""

    key: str
    url: str | None
    title: str | None
    open: bool
    moderation: Moderation
    created_at: Time


class ThreadChanges(Strict):
    """What to set; a field that is left out stays as it is."""

    open: bool = Field(
        True, strict=True, description="A closed thread takes no more comments or edits"
    )
    title: Line | None = Field(None, max_length=500)
    url: WebAddress | None = None
    moderation: Moderation = Field(
        Moderation.PRE, description="Before (`pre`) or after (`post`) publication"
    )
