"""Payloads of webhooks, composed at each attempt from the rows as they are then (invariant 8).

This is version 1 of the form. It extends the data of `service.events.schemas`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import exists
from sqlmodel import Session, col, select

from service.domain.events import EventType
from service.domain.states import State
from service.events.presenter import present_events
from service.events.schemas import (
    CommentData,
    EventComment,
    EventOut,
    MemberErasedData,
    MemberStatusData,
    ReportData,
    WebhookData,
)
from service.http.schemas import Time
from service.tables import Comment, Endpoint, Erasure, Event, Revision, WebhookMessage

MAX_BYTES = 20_000
"""Largest payload in bytes (Standard Webhooks 1.0, «Payload size»)."""

MAX_SUPERSEDED = 100
"""Most ids that `supersedes` names: where there are more, the newest."""


class PayloadComment(EventComment):
    """A comment in a payload, with its text where the endpoint has `include_body`."""

    body: str | None = Field(
        None, description="Left out unless the endpoint has `include_body`; null once withdrawn"
    )
    body_omitted: bool = Field(
        False, description="The payload would exceed 20 kB: read the text by the comment's id"
    )


class Numbered(BaseModel):
    """The fields that a payload's data has besides those of the event."""

    sequence: int = Field(
        description="The event's number. Ignore an event with a lower number than you have seen"
    )
    supersedes: list[UUID] = Field(
        description="Earlier events of this comment that are not sent, since this one replaces them"
    )


class CommentPayload(CommentData, Numbered):
    """Data of `comment.*` and `decision.reverted`."""

    comment: PayloadComment


class ReportPayload(ReportData, Numbered):
    """Data of `report.*`."""

    comment: PayloadComment


class MemberStatusPayload(MemberStatusData, Numbered):
    """Data of `member.status_changed`."""


class MemberErasedPayload(MemberErasedData, Numbered):
    """Data of `member.erased`."""


class WebhookEventPayload(WebhookData, Numbered):
    """Data of `webhook.*`."""


class Payload(BaseModel):
    """The body of a delivery (Standard Webhooks 1.0, «Payload structure»)."""

    type: EventType
    timestamp: Time = Field(
        description="When the event happened; the header has the time of the attempt"
    )
    data: (
        CommentPayload
        | ReportPayload
        | MemberStatusPayload
        | MemberErasedPayload
        | WebhookEventPayload
    )


@dataclass(frozen=True)
class Composed:
    """A message ready to be signed."""

    sequence: int
    event_id: UUID
    type: EventType
    subject: UUID
    attempt: int
    body: bytes


def compose(
    session: Session, endpoint: Endpoint, messages: Sequence[WebhookMessage]
) -> list[Composed]:
    """Return the messages ready to sign, in their order, without those whose event is deleted."""
    events = session.exec(
        select(Event).where(
            col(Event.site_id) == endpoint.site_id,
            col(Event.sequence).in_([message.sequence for message in messages]),
        )
    ).all()
    shown = {event.sequence: event for event in present_events(session, endpoint.site_id, events)}
    texts = _texts(session, endpoint, events) if endpoint.include_body else {}
    return [
        Composed(
            sequence=message.sequence,
            event_id=shown[message.sequence].id,
            type=shown[message.sequence].type,
            subject=message.subject,
            attempt=message.attempts + 1,
            body=_body(endpoint, message, shown[message.sequence], texts.get(message.sequence)),
        )
        for message in messages
        if message.sequence in shown
    ]


def _body(endpoint: Endpoint, message: WebhookMessage, event: EventOut, text: str | None) -> bytes:
    content = event.model_dump(mode="json", include={"type", "timestamp", "data"})
    content["data"] |= {
        "sequence": event.sequence,
        "supersedes": message.supersedes[-MAX_SUPERSEDED:],
    }
    has_text = endpoint.include_body and "comment" in content["data"]
    if has_text:
        content["data"]["comment"] |= {"body": text, "body_omitted": False}
    body = _encode(content)
    if has_text and len(body) > MAX_BYTES:
        content["data"]["comment"] |= {"body": None, "body_omitted": True}
        body = _encode(content)
    return body


def _encode(content: object) -> bytes:
    # Unset fields stay out, so that without include_body there is no `body` at all.
    return Payload.model_validate(content).model_dump_json(exclude_unset=True).encode()


def _texts(session: Session, endpoint: Endpoint, events: Sequence[Event]) -> dict[int, str | None]:
    """Return the texts of the revisions that the events are about, by the events' numbers.

    Texts of withdrawn comments and of members who are being erased are left out.
    """
    comments = {event.comment_id for event in events if event.comment_id}
    erasing = exists().where(
        col(Erasure.site_id) == endpoint.site_id, col(Erasure.member_id) == col(Comment.member_id)
    )
    rows = session.exec(
        select(Revision)
        .join(Comment, col(Comment.id) == col(Revision.comment_id))
        .where(
            col(Revision.site_id) == endpoint.site_id,
            col(Revision.comment_id).in_(comments),
            col(Comment.state) != State.WITHDRAWN,
            ~erasing,
        )
    )
    texts = {(row.comment_id, row.number): row.body for row in rows}
    return {
        event.sequence or 0: texts.get((event.comment_id, event.revision)) or None
        for event in events
        if event.comment_id and event.revision
    }
