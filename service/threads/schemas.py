"""Request and response bodies of the thread calls."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.comments.schemas import MemberOut, WebAddress
from service.domain.states import State
from service.domain.vocabulary import Audience, Moderation
from service.http.schemas import Changes, Key, Line, Page, Time, example


class ThreadQuery(Page):
    """The comments of a thread to return, and their order."""

    audience: Audience = Field(
        Audience.PUBLIC, description="`members` includes the public comments"
    )
    member: Key | None = Field(
        None, description="Include this member's own comments that are pending or flagged"
    )
    order: Literal["oldest", "newest"] = Field("oldest", description="Which come first")


class ReaderComment(BaseModel):
    """A comment as readers may see it, or the tombstone of one that they may not see."""

    id: UUID
    parent_id: UUID | None
    created_at: Time
    tombstone: bool = Field(
        description="The comment is not visible, but a visible comment answers it"
    )
    waiting: bool = Field(
        False, description="A comment of the `member` asked for that is still pending or flagged"
    )
    state: State | None = None
    revision: int | None = None
    body: str | None = None
    edited_at: Time | None = None
    audience: Audience | None = None
    member: MemberOut | None = None


class ThreadCommentsOut(BaseModel):
    """A page of a thread's comments."""

    items: list[ReaderComment]
    next: str | None


class ThreadState(BaseModel):
    """A thread as it is now."""

    key: str
    url: str | None
    title: str | None
    open: bool
    moderation: Moderation
    created_at: Time


class ThreadChanges(Changes):
    """The fields of a thread to set; a field that is left out stays as it is."""

    model_config = example(open=False)
    removable = frozenset({"title", "url"})

    open: bool | None = Field(
        None, strict=True, description="A closed thread takes no new comments or edits"
    )
    title: Line | None = Field(None, max_length=500, description="Title of the article")
    url: WebAddress | None = Field(None, description="Address of the article")
    moderation: Moderation | None = Field(
        None, description="Moderate before (`pre`) or after (`post`) publication"
    )
