"""Texts that callers have scored without posting them, and scores that callers suggest."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from service import clock
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime


class Analysis(SQLModel, table=True):
    """A text whose scores a caller waits for. It is deleted once answered, or at its deadline."""

    __table_args__ = (Index("ix_analysis_deadline", "deadline"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    body: str = Field(description="Blanked once it is scored")
    deadline: datetime = Field(sa_type=UtcDateTime, description="The caller stops waiting then")
    lease: UUID | None = Field(
        default=None, description="The lease of the worker that scores it; it never runs out"
    )
    result: dict[str, Any] | None = Field(
        default=None, sa_type=JSON_TYPE, description="A Result, or a Failure"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Label(SQLModel, table=True):
    """Scores that a person or a site suggests for a text, for replay and calibration."""

    # An erasure finds a member's texts by it. The site comes second: see Comment.
    __table_args__ = (Index("ix_label_text", "body_sha256", "site_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    origin: str = Field(max_length=40, description="The door that it came through: perspective")
    body: str
    body_sha256: str = Field(max_length=64)
    scores: dict[str, float] = Field(sa_type=JSON_TYPE, description="Attribute → score 0..1")
    languages: list[str] = Field(default_factory=list, sa_type=JSON_TYPE)
    community: str | None = Field(default=None, max_length=200)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
