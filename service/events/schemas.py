"""The events as callers read them; the payloads of webhooks use the same parts.

This is version 1. Fields may be added; a new meaning of a field makes a new version.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.domain.deliveries import DisabledReason
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.domain.vocabulary import DecisionReason, MemberStatus
from service.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from service.http.schemas import Time

MAX_SEQUENCE = 2**63 - 1


class EventsQuery(BaseModel):
    """The position to continue from, and the size of the page."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(
        0, ge=0, le=MAX_SEQUENCE, description="`next` of the previous page; 0 for the first page"
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most items of the page")


class KeyOut(BaseModel):
    """The key of a thread, a member or a moderator; events carry no names."""

    key: str


class EventComment(BaseModel):
    """The comment that an event is about, without its text; read that by the comment's id."""

    id: UUID
    external_id: str | None
    thread: KeyOut
    member: KeyOut
    revision: int = Field(description="The revision that was current when the event happened")
    state: State = Field(
        description="The state that the event led to; for `report.received`, the present state"
    )


class EventReason(BaseModel):
    """One reason of a decision, without its evidence, which may quote the text."""

    code: str = Field(description="As in `ReasonOut`")
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None


class EventDecision(BaseModel):
    """The decision that an event tells of."""

    id: UUID
    from_state: State
    state: State
    actor: Actor
    policy: int | None = Field(description="Version of the policy that decided")
    moderator: KeyOut | None
    reasons: list[EventReason]
    undoes: UUID | None = Field(description="The decision that this one undoes")


class EventReport(BaseModel):
    """A report, without its note."""

    id: UUID
    reason: DecisionReason
    reporter: KeyOut | None


class Data(BaseModel):
    """The fields that the data of all events have."""

    version: Literal[1] = Field(1, description="Version of the form of the data")


class CommentData(Data):
    """Data of `comment.*` and `decision.reverted`."""

    comment: EventComment
    decision: EventDecision


class ReportData(Data):
    """Data of `report.*`."""

    comment: EventComment
    report: EventReport


class MemberStatusData(Data):
    """Data of `member.status_changed`."""

    member: KeyOut
    from_status: MemberStatus
    status: MemberStatus
    until: Time | None = Field(description="When the status ends by itself")
    moderator: KeyOut | None = None


class MemberErasedData(Data):
    """Data of `member.erased`; `member.key` is the random key that replaced the member's own."""

    member: KeyOut
    receipt: UUID = Field(description="Id of the erasure's receipt, as the DELETE answered it")


class EndpointOfEvent(BaseModel):
    """A webhook receiver."""

    id: UUID


class WebhookData(Data):
    """Data of `webhook.test`, and of `webhook.disabled`, which has a reason."""

    endpoint: EndpointOfEvent
    reason: DisabledReason | None = None


EventData = CommentData | ReportData | MemberStatusData | MemberErasedData | WebhookData


class EventOut(BaseModel):
    """A numbered event."""

    sequence: int = Field(description="1, 2, 3 … without gaps on this site")
    id: UUID = Field(description="The same each time the event is read or delivered")
    type: EventType
    timestamp: Time = Field(description="When the event happened")
    data: EventData


class EventsOut(BaseModel):
    """A page of the site's events."""

    items: list[EventOut]
    next: int = Field(description="Send this as `after` to get the next page")
