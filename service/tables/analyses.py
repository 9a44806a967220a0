"""What callers ask to be scored without posting it, and what they tell us about scores."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from service import clock
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime


class Analysis(SQLModel, table=True):
    """A text that a caller waits for the scores of; gone when answered, or at its deadline."""

    __table_args__ = (Index("ix_analysis_deadline", "deadline"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    body: str = Field(description="Blanked once it is scored")
    deadline: datetime = Field(sa_type=UtcDateTime, description="Nobody waits any longer")
    lease: UUID | None = Field(default=None, description="Who scores it; taken once only")
    result: dict[str, Any] | None = Field(
        default=None, sa_type=JSON_TYPE, description="Scores and the like, or a failure"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Label(SQLModel, table=True):
    """Scores that a person or a site suggests for a text: for replay and calibration."""

    # An erasure finds by it what a member wrote. The text first: see Comment.
    __table_args__ = (Index("ix_label_text", "body_sha256", "site_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    origin: str = Field(max_length=40, description="The door it came through: perspective")
    body: str
    body_sha256: str = Field(max_length=64)
    scores: dict[str, float] = Field(sa_type=JSON_TYPE, description="Attribute → score 0..1")
    languages: list[str] = Field(default_factory=list, sa_type=JSON_TYPE)
    community: str | None = Field(default=None, max_length=200)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
