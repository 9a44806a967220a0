"""What the retention remembers of the clock by which it deletes."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from service.tables.columns import UtcDateTime


class Retention(SQLModel, table=True):
    """The time up to which the retention trusts the clock: a single row."""

    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(1, primary_key=True)
    trusted_at: datetime = Field(sa_type=UtcDateTime, description="Latest time that is believed")
    held_since: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="When the alarm began, by the doubted clock"
    )
