"""Webhook receivers, the messages that wait for them, and every attempt to reach them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.deliveries import DisabledReason
from service.domain.events import EventType
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime, choice, partial_index


class Endpoint(SQLModel, table=True):
    """A webhook receiver of a site.

    The row holds the lease of the worker that delivers to it. Only one worker at a time does,
    so that messages about one comment cannot overtake each other.
    """

    __table_args__ = (
        Index("ix_endpoint_site", "site_id", "id"),
        CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    url: str = Field(max_length=2000)
    description: str | None = Field(default=None, max_length=500)
    events: list[str] = Field(sa_type=JSON_TYPE)
    include_body: bool = False
    rate: int | None = Field(default=None, description="Most deliveries per second")
    secret: str = Field(sa_type=Text, description="Secret that signs deliveries, encrypted")
    old_secret: str | None = Field(
        default=None, sa_type=Text, description="Secret before the rotation, encrypted; signs, too"
    )
    old_secret_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    queued_sequence: int = Field(
        sa_type=BigInteger, description="Events up to this number were queued or sent"
    )
    failures: int = Field(default=0, description="Rounds without any 2xx since the last one")
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_attempt_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="Nothing is sent before this time"
    )
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: DisabledReason | None = Field(default=None, sa_type=choice(DisabledReason))
    lease: UUID | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class WebhookMessage(SQLModel, table=True):
    """An event that waits to be delivered to an endpoint. The row is deleted once it was."""

    __tablename__: ClassVar[str] = "webhook_message"
    __table_args__ = (
        Index("ix_webhook_message_subject", "endpoint_id", "subject", "sequence"),
        partial_index("ix_webhook_message_due", "endpoint_id", "due_at", where="failed_at IS NULL"),
    )

    endpoint_id: UUID = Field(foreign_key="endpoint.id", primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger, description="Number of the event")
    site_id: UUID = Field(foreign_key="site.id")
    subject: UUID = Field(
        description="Id of what the event is about; events of one subject are sent in order"
    )
    tells_state: bool
    supersedes: list[str] = Field(
        default_factory=list, sa_type=JSON_TYPE, description="Ids of the events that it replaces"
    )
    attempts: int = 0
    refusals: int = Field(default=0, description="Failures while the endpoint took others")
    first_failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    failed_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="When the message was given up"
    )


class Delivery(SQLModel, table=True):
    """One attempt to reach an endpoint."""

    __table_args__ = (
        Index("ix_delivery_endpoint", "endpoint_id", "id"),
        partial_index("ix_delivery_failed", "endpoint_id", "id", where="outcome != 'delivered'"),
        Index("ix_delivery_event", "event_id"),
        Index("ix_delivery_created", "created_at"),
        Index("ix_delivery_subject", "subject"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    endpoint_id: UUID = Field(foreign_key="endpoint.id")
    event_id: UUID = Field(description="No foreign key, since a delivery may outlive its event")
    sequence: int = Field(sa_type=BigInteger)
    type: EventType = Field(sa_type=choice(EventType))
    subject: UUID
    attempt: int = Field(description="Number of the attempt for this event and endpoint: 1, 2, …")
    url: str = Field(max_length=2000)
    size: int = Field(description="Bytes of the request's body")
    outcome: str = Field(max_length=16, description="`delivered`, `refused`, or a Cause")
    status: int | None = Field(default=None, description="HTTP status of the answer, if one came")
    response: str | None = Field(
        default=None, sa_type=Text, description="The first characters of the answer"
    )
    duration: float = Field(description="Seconds that the attempt took")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
