"""The outbox of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
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
