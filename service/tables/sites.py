"""Sites, their keys, their policies and their moderators."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.languages import FIRST_LANGUAGE
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime


class Site(SQLModel, table=True):
    """A tenant: one publication."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True, max_length=200)
    name: str = Field(max_length=200)
    active_policy: int = Field(description="Version of the policy that decides")
    event_sequence: int = Field(
        default=0, sa_type=BigInteger, description="Number of the newest numbered event"
    )
    events_deleted: int = Field(
        default=0, sa_type=BigInteger, description="Events up to this number were deleted"
    )
    coral_secret: str | None = Field(
        default=None, max_length=1000, description="Coral's signing secret, encrypted"
    )
    language: str = Field(
        default=FIRST_LANGUAGE,
        max_length=3,
        description="Main language: what texts count as whose language cannot be determined",
        # The release before this column inserts sites, too, until it is restarted.
        sa_column_kwargs={"server_default": FIRST_LANGUAGE},
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class SiteKey(SQLModel, table=True):
    """A key that a site's backend calls with, stored as SHA-256 and found by its prefix."""

    __tablename__: ClassVar[str] = "site_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id", index=True)
    name: str = Field(max_length=200)
    prefix: str = Field(unique=True, max_length=16)
    secret_sha256: str = Field(max_length=64)
    scopes: list[str] = Field(sa_type=JSON_TYPE)
    rate: str | None = Field(default=None, max_length=40, description="Overrides Settings.key_rate")
    language: str | None = Field(default=None, max_length=3, description="Overrides Site.language")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Policy(SQLModel, table=True):
    """One immutable version of a site's policy document."""

    site_id: UUID = Field(foreign_key="site.id", primary_key=True)
    version: int = Field(primary_key=True)
    document: dict[str, Any] = Field(sa_type=JSON_TYPE)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Moderator(SQLModel, table=True):
    """A person who decides on comments: named by a site's backend, or with an account."""

    __table_args__ = (UniqueConstraint("site_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, unique=True, max_length=320)
    password_hash: str | None = Field(default=None, max_length=200, description="argon2id")
    lead: bool = Field(
        default=False, description="May undo a colleague's decision, and overrule a claim"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
