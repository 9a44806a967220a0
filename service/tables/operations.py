"""What the service keeps for its own work: outbox, answers, heartbeats."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.events import EventType
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime, choice, partial_index


class Event(SQLModel, table=True):
    """An outbox row, written with its state change and numbered when due."""

    __table_args__ = (
        # Partial, or SQLite would look in it for what has no number: all that was cancelled, too.
        partial_index(
            "uq_event_sequence", "site_id", "sequence", where="sequence IS NOT NULL", unique=True
        ),
        partial_index(
            "ix_event_due", "site_id", "due_at", where="sequence IS NULL AND cancelled_at IS NULL"
        ),
        Index("ix_event_comment", "comment_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    type: EventType = Field(sa_type=choice(EventType))
    comment_id: UUID | None = Field(default=None, foreign_key="comment.id")
    revision: int | None = None
    decision_id: UUID | None = Field(default=None, foreign_key="decision.id")
    report_id: UUID | None = Field(default=None, foreign_key="report.id")
    member_id: UUID | None = Field(default=None, foreign_key="member.id")
    facts: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON_TYPE, description="What no row keeps; never a text"
    )
    due_at: datetime = Field(sa_type=UtcDateTime)
    sequence: int | None = Field(
        default=None, sa_type=BigInteger, description="Gap-free per site, once numbered"
    )
    numbered_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="Since when it can be read"
    )
    cancelled_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="Undone before it was numbered"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Erasure(SQLModel, table=True):
    """The receipt of a member's erasure; names nobody."""

    __table_args__ = (
        Index("ix_erasure_site", "site_id", "completed_at"),
        # What is still to be done; hardly ever has a row.
        partial_index("ix_erasure_open", "requested_at", where="completed_at IS NULL"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    member_id: UUID = Field(foreign_key="member.id", unique=True)
    requested_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    comments: int = Field(default=0, description="Comments whose text was blanked")


class IdempotentRequest(SQLModel, table=True):
    """A POST with an Idempotency-Key and the answer it was given, without any text."""

    __tablename__: ClassVar[str] = "idempotent_request"
    __table_args__ = (Index("ix_idempotent_request_created", "created_at"),)

    # The key first: see Comment.
    key: str = Field(primary_key=True, max_length=200)
    site_id: UUID = Field(foreign_key="site.id", primary_key=True)
    comment_id: UUID = Field(foreign_key="comment.id", index=True)
    fingerprint: str = Field(max_length=64, description="SHA-256 of method, path and body")
    status: int
    answer: dict[str, Any] = Field(sa_type=JSON_TYPE)
    in_flight_until: datetime | None = Field(
        None, sa_type=UtcDateTime, description="While a caller still waits for the decision"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


SCORER_SILENT_AFTER = timedelta(seconds=45)
"""A scorer that has not been heard for so long is dead; it says every ten seconds that it lives."""


class Scorer(SQLModel, table=True):
    """A worker process that has loaded its model; tells readiness."""

    id: str = Field(primary_key=True, max_length=200, description="host:pid")
    model: str = Field(max_length=64, description="SHA-256 identity")
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ActiveModel(SQLModel, table=True):
    """The model that scores, once an operator has chosen one: a single row."""

    __tablename__: ClassVar[str] = "active_model"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(1, primary_key=True)
    name: str = Field(max_length=1000, description="Its name, or the path of its folder")
    model: str = Field(max_length=64, description="SHA-256 identity")
    chosen_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
