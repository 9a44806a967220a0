"""Requests and answers of the webhook calls."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    Field,
    StringConstraints,
    TypeAdapter,
)

from service.domain.deliveries import DisabledReason
from service.domain.events import EventType
from service.http.schemas import Changes, Line, Page, Strict, Time, example, id_of
from service.webhooks.addresses import is_port_allowed

MAX_RATE = 1000

EndpointId = Annotated[UUID, id_of("endpoint"), Path(description="Id of the receiver")]
DeliveryId = Annotated[UUID, id_of("delivery"), Path(description="Id of the attempt")]

_url = TypeAdapter(AnyHttpUrl)


def _clean_url(given: str) -> str:
    """Return the URL in canonical ASCII form; raises ValueError for one no receiver may have."""
    url = _url.validate_python(given)
    if url.username is not None or url.password is not None:
        raise ValueError("must hold no user and password; deliveries are signed instead")
    if url.fragment is not None:
        raise ValueError("must hold no fragment (#…), which is never sent")
    if url.port is None or not is_port_allowed(url.port):
        raise ValueError("must be on port 80, 443, or 1024 and up, but not on a database's")
    return str(url)


EndpointUrl = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_clean_url),
    Field(
        description="Where deliveries go: https, on port 80, 443, or 1024 and up",
        examples=["https://cms.example.org/netiquette"],
    ),
]

SubscribedTypes = Annotated[
    list[EventType],
    Field(
        min_length=1,
        max_length=len(EventType),
        description="The types of event that are sent",
        examples=[["comment.approved"]],
    ),
    AfterValidator(lambda given: list(dict.fromkeys(given))),
]

Rate = Annotated[
    int, Field(ge=1, le=MAX_RATE, strict=True, description="Most deliveries per second")
]


class EndpointIn(Strict):
    """A new receiver."""

    model_config = example(
        url="https://cms.example.org/netiquette",
        events=["comment.approved", "comment.flagged", "comment.rejected", "comment.withdrawn"],
        description="CMS",
    )

    url: EndpointUrl
    events: SubscribedTypes
    description: Line | None = Field(None, max_length=500, description="For yourselves")
    include_body: bool = Field(False, strict=True, description="Send the comments' texts, too")
    rate: Rate | None = None


class EndpointChange(Changes):
    """Changes to a receiver. Fields that are left out stay as they are."""

    model_config = example(enabled=True)
    removable = frozenset({"description", "rate"})

    url: EndpointUrl | None = None
    events: SubscribedTypes | None = None
    description: Line | None = Field(None, max_length=500, description="For yourselves")
    include_body: bool | None = Field(
        None, strict=True, description="Send the comments' texts, too"
    )
    rate: Rate | None = None
    enabled: bool | None = Field(
        None,
        strict=True,
        description="A receiver that is enabled again gets what it missed, oldest first",
    )


class EndpointOut(BaseModel):
    """A receiver, with its present state."""

    id: UUID
    url: str
    events: list[EventType]
    description: str | None
    include_body: bool
    rate: int | None
    enabled: bool
    disabled_reason: DisabledReason | None = Field(
        description="`manual`: a PATCH disabled it; `gone`: it answered 410; "
        "`failing`: it failed for five days"
    )
    disabled_at: Time | None
    failures: int = Field(description="Failed rounds since the last 2xx")
    failing_since: Time | None
    next_attempt_at: Time | None = Field(
        description="While the receiver fails, nothing is sent before this time"
    )
    waiting: int = Field(description="Number of queued events that wait to be sent")
    failed: int = Field(
        description="Number of events that were given up; POST …/redeliver sends them again"
    )
    sequence: int = Field(description="Events up to this number were queued or sent")
    created_at: Time


class NewEndpoint(EndpointOut):
    """A receiver with its secret, which is shown only now."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class SecretOut(BaseModel):
    """A new secret, which is shown only now."""

    secret: str
    old_secret_until: Time = Field(description="Until then the old secret signs deliveries, too")


class EndpointsOut(BaseModel):
    """A page of receivers."""

    items: list[EndpointOut]
    next: str | None


class DeliveriesQuery(Page):
    """Filters for the list of attempts."""

    event: UUID | None = Field(None, description="List only attempts to send this event")
    outcome: Literal["delivered", "failed"] | None = Field(
        None, description="List only attempts that ended so"
    )


class RequestOut(BaseModel):
    """The request of an attempt. Its body is composed for each attempt, and never stored."""

    url: str
    webhook_id: UUID
    size: int = Field(description="Bytes of the body")


class DeliveryOut(BaseModel):
    """One attempt to reach the receiver."""

    id: UUID
    event: UUID = Field(description="Sent as `webhook-id`, the same for each attempt")
    sequence: int
    type: EventType
    attempt: int = Field(description="Number of the attempt to send this event: 1, 2, …")
    outcome: str = Field(
        description="`delivered`; `refused`: the answer was not 2xx; or why no answer came: "
        "`address`, `blocked`, `connection`, `tls`, `timeout`, `protocol`, `secret`"
    )
    status: int | None = Field(description="HTTP status of the answer, if one came")
    response: str | None = Field(
        description="First characters of the answer; escape it before you show it"
    )
    duration: float = Field(description="Seconds that the attempt took")
    request: RequestOut
    created_at: Time
    next_attempt_at: Time | None = Field(description="When this event will be sent again, if ever")


class DeliveriesOut(BaseModel):
    """A page of attempts."""

    items: list[DeliveryOut]
    next: str | None


class QueuedOut(BaseModel):
    """The event that was queued."""

    event: UUID = Field(description="Its attempts are listed at …/deliveries?event=…")


class RedeliveredOut(BaseModel):
    """The number of events that are sent again."""

    events: int
