"""The workers that score, and the model that they shall score with."""

from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from service import clock
from service.tables.columns import UtcDateTime

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
