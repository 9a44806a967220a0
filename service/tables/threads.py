"""Threads and members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.vocabulary import MemberStatus, Moderation
from service.ids import new_id
from service.tables.columns import UtcDateTime, choice


class Thread(SQLModel, table=True):
    """The discussion under one article."""

    # The site comes second: see Comment.
    __table_args__ = (UniqueConstraint("key", "site_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    url: str | None = Field(default=None, max_length=2000)
    title: str | None = Field(default=None, max_length=500)
    open: bool = True
    moderation: Moderation = Field(default=Moderation.PRE, sa_type=choice(Moderation))
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Member(SQLModel, table=True):
    """A person who writes comments, known to the site by key."""

    # The site comes second: see Comment.
    __table_args__ = (UniqueConstraint("key", "site_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    name: str | None = Field(default=None, max_length=200)
    status: MemberStatus = Field(default=MemberStatus.ACTIVE, sa_type=choice(MemberStatus))
    status_reason: str | None = Field(default=None, max_length=2000)
    status_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
