"""The tables, in the vocabulary of the domain.

`table=True` classes validate nothing: requests are checked by the schemas, and
the constraints here keep what must never be broken. Every row that belongs to
a site carries its `site_id` (invariant 7), also where a join could tell.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    Index,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.domain.vocabulary import Audience, Lane, MemberStatus, Moderation
from service.ids import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

SPENT_ATTEMPTS = 4
"""Leases without a decision after which a revision is set aside: one in a batch, three alone."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite stores it without a zone, so it is added back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse naive times, which have no one meaning."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _choice(enum: type[StrEnum], name: str = "") -> Enum:
    """Store a StrEnum by value, with a CHECK; SQLModel's default stores names."""
    return Enum(
        enum,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or enum.__name__.lower(),
    )


JSON_TYPE = JSON().with_variant(JSONB(), "postgresql")


class Site(SQLModel, table=True):
    """A tenant: one publication."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True, max_length=200)
    name: str = Field(max_length=200)
    active_policy: int = Field(description="Version of the policy that decides")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class SiteKey(SQLModel, table=True):
    """A bearer secret of a site's backend, stored as SHA-256 and found by its prefix."""

    __tablename__: ClassVar[str] = "site_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id", index=True)
    name: str = Field(max_length=200)
    prefix: str = Field(unique=True, max_length=16)
    secret_sha256: str = Field(max_length=64)
    scopes: list[str] = Field(sa_type=JSON_TYPE)
    rate: str | None = Field(default=None, max_length=40, description="Overrides Settings.key_rate")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Policy(SQLModel, table=True):
    """One immutable version of a site's policy document."""

    site_id: UUID = Field(foreign_key="site.id", primary_key=True)
    version: int = Field(primary_key=True)
    document: dict[str, Any] = Field(sa_type=JSON_TYPE)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Thread(SQLModel, table=True):
    """The discussion under one article."""

    __table_args__ = (UniqueConstraint("site_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    url: str | None = Field(default=None, max_length=2000)
    title: str | None = Field(default=None, max_length=500)
    open: bool = True
    moderation: Moderation = Field(default=Moderation.PRE, sa_type=_choice(Moderation))
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Member(SQLModel, table=True):
    """A commenter known to the site by key."""

    __table_args__ = (UniqueConstraint("site_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    name: str | None = Field(default=None, max_length=200)
    status: MemberStatus = Field(default=MemberStatus.ACTIVE, sa_type=_choice(MemberStatus))
    status_reason: str | None = Field(default=None, max_length=2000)
    status_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Moderator(SQLModel, table=True):
    """A person who decides: asserted by a site's backend, or known by account."""

    __table_args__ = (UniqueConstraint("site_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    key: str = Field(max_length=200)
    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, unique=True, max_length=320)
    password_hash: str | None = Field(default=None, max_length=200, description="argon2id")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Comment(SQLModel, table=True):
    """One contribution; its text lives in revisions.

    The worker's lease lies on the row itself, so that leasing, renewing and
    deciding are conditional updates of one row.
    """

    __table_args__ = (
        UniqueConstraint("site_id", "external_id"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease"),
        # The workers' queue: what is pending, by lane and age.
        Index(
            "ix_comment_pending",
            "lane",
            "pending_since",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        # What failed too often; hardly ever has a row.
        Index(
            "ix_comment_spent",
            "id",
            sqlite_where=text(f"state = 'pending' AND attempts >= {SPENT_ATTEMPTS}"),
            postgresql_where=text(f"state = 'pending' AND attempts >= {SPENT_ATTEMPTS}"),
        ),
        # The moderators' queue of a site.
        Index(
            "ix_comment_flagged",
            "site_id",
            "id",
            sqlite_where=text("state = 'flagged'"),
            postgresql_where=text("state = 'flagged'"),
        ),
        Index("ix_comment_thread", "thread_id", "id"),
        Index("ix_comment_member", "member_id", "id"),
        Index("ix_comment_parent", "parent_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    thread_id: UUID = Field(foreign_key="thread.id")
    member_id: UUID = Field(foreign_key="member.id")
    parent_id: UUID | None = Field(default=None, foreign_key="comment.id")
    external_id: str | None = Field(default=None, max_length=200)
    audience: Audience = Field(default=Audience.PUBLIC, sa_type=_choice(Audience))
    language: str | None = Field(
        default=None, max_length=35, description="As the caller declared it"
    )
    state: State = Field(default=State.PENDING, sa_type=_choice(State))
    revision: int = 1
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lane: int = Field(default=Lane.COMMENTS, description="A value of Lane")
    pending_since: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    lease: UUID | None = Field(default=None, description="The lease that holds this comment")
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = Field(
        default=0, description="Leases of this revision that ended without a decision"
    )


class Revision(SQLModel, table=True):
    """One version of a comment's text: NFC, 1..10,000 code points."""

    comment_id: UUID = Field(foreign_key="comment.id", primary_key=True)
    number: int = Field(primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Assessment(SQLModel, table=True):
    """The scores of one revision by one model. Append-only."""

    __table_args__ = (Index("ix_assessment_comment", "comment_id", "created_at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    comment_id: UUID = Field(foreign_key="comment.id")
    revision: int
    model: str = Field(max_length=64, description="SHA-256 identity")
    scores: dict[str, float] = Field(sa_type=JSON_TYPE)
    spans: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON_TYPE)
    language: str | None = Field(default=None, max_length=35)
    forms: dict[str, dict[str, float]] = Field(
        sa_type=JSON_TYPE, description="Scores of every text form that was scored"
    )
    provenance: dict[str, Any] = Field(
        sa_type=JSON_TYPE, description="Model name, engine, library versions, CPU instruction set"
    )
    duration: float = Field(description="Seconds the engine took for this text")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Decision(SQLModel, table=True):
    """One state change of one revision. Append-only."""

    __table_args__ = (
        Index("ix_decision_comment", "comment_id", "created_at"),
        # One automatic decision per revision, however often a nudge was doubled.
        Index(
            "uq_decision_automatic",
            "comment_id",
            "revision",
            unique=True,
            sqlite_where=text("actor IN ('policy', 'system')"),
            postgresql_where=text("actor IN ('policy', 'system')"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    comment_id: UUID = Field(foreign_key="comment.id")
    revision: int
    from_state: State = Field(sa_type=_choice(State, "from_state"))
    to_state: State = Field(sa_type=_choice(State, "to_state"))
    actor: Actor = Field(sa_type=_choice(Actor))
    policy: int | None = Field(default=None, description="Version of the policy that decided")
    moderator_id: UUID | None = Field(default=None, foreign_key="moderator.id")
    assessment_id: UUID | None = Field(default=None, foreign_key="assessment.id")
    reasons: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON_TYPE)
    note: str | None = Field(default=None, sa_type=Text)
    facts: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON_TYPE, description="What each phase consulted"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Event(SQLModel, table=True):
    """An outbox row, written with its state change and numbered when due."""

    __table_args__ = (
        UniqueConstraint("site_id", "sequence"),
        Index(
            "ix_event_due",
            "due_at",
            sqlite_where=text("sequence IS NULL"),
            postgresql_where=text("sequence IS NULL"),
        ),
        Index("ix_event_comment", "comment_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    type: EventType = Field(sa_type=_choice(EventType))
    comment_id: UUID | None = Field(default=None, foreign_key="comment.id")
    revision: int | None = None
    decision_id: UUID | None = Field(default=None, foreign_key="decision.id")
    due_at: datetime = Field(sa_type=UtcDateTime)
    sequence: int | None = Field(default=None, description="Gap-free per site, once numbered")
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class IdempotentRequest(SQLModel, table=True):
    """A POST with an Idempotency-Key and the answer it was given, without any text."""

    __tablename__: ClassVar[str] = "idempotent_request"
    __table_args__ = (Index("ix_idempotent_request_created", "created_at"),)

    site_id: UUID = Field(foreign_key="site.id", primary_key=True)
    key: str = Field(primary_key=True, max_length=200)
    fingerprint: str = Field(max_length=64, description="SHA-256 of method, path and body")
    status: int
    answer: dict[str, Any] = Field(sa_type=JSON_TYPE)
    in_flight_until: datetime | None = Field(
        None, sa_type=UtcDateTime, description="While a caller still waits for the decision"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Scorer(SQLModel, table=True):
    """A worker process that has loaded its model; tells readiness."""

    id: str = Field(primary_key=True, max_length=200, description="host:pid")
    model: str = Field(max_length=64, description="SHA-256 identity")
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
