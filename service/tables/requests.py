"""Requests that must not be carried out twice, and those that take time: erasures."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from service import clock
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime, partial_index


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
        default=None, sa_type=UtcDateTime, description="While a caller still waits for the decision"
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
