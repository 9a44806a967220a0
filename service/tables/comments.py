"""Comments and everything that is recorded about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from service import clock
from service.domain.states import Actor, State
from service.domain.vocabulary import Audience, Lane
from service.ids import new_id
from service.tables.columns import JSON_TYPE, UtcDateTime, choice, partial_index

SPENT_ATTEMPTS = 4
"""Leases without a decision after which a revision is flagged: one in a batch, three alone."""


class Comment(SQLModel, table=True):
    """A comment of a member in a thread. Its text is in its revisions.

    The worker's lease is stored in this row, so that leasing and deciding are conditional
    updates of one row.
    """

    __table_args__ = (
        # The site comes second, here and in other tables: SQLite would prefer an index that
        # begins with the site to the primary key when it looks for 50 comments by their ids.
        UniqueConstraint("external_id", "site_id"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease"),
        # The workers' queues, see `service.tables.queues`.
        partial_index(
            "ix_comment_pending",
            "lane",
            "site_id",
            "is_long",
            "pending_since",
            "id",
            where="state = 'pending'",
        ),
        # Comments whose scoring failed too often. It hardly ever has a row.
        partial_index(
            "ix_comment_spent",
            "id",
            where=f"state = 'pending' AND attempts >= {SPENT_ATTEMPTS}",
        ),
        # Comments under a worker's lease, which are stored or given back by it.
        partial_index("ix_comment_lease", "lease", where="lease IS NOT NULL"),
        # The moderators' queue of a site.
        partial_index("ix_comment_flagged", "site_id", "id", where="state = 'flagged'"),
        partial_index("ix_comment_risk", "site_id", "risk", "id", where="state = 'flagged'"),
        # The id comes before the time, in the order of the queue: Postgres would rather walk
        # all comments by their ids than sort a few.
        partial_index(
            "ix_comment_long_pending", "site_id", "id", "pending_since", where="state = 'pending'"
        ),
        partial_index(
            "ix_comment_claimed", "site_id", "claimed_until", where="claimed_until IS NOT NULL"
        ),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claim"),
        Index("ix_comment_thread", "thread_id", "id"),
        Index("ix_comment_member", "member_id", "id"),
        Index("ix_comment_parent", "parent_id", "thread_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    thread_id: UUID = Field(foreign_key="thread.id")
    member_id: UUID = Field(foreign_key="member.id")
    parent_id: UUID | None = Field(default=None, foreign_key="comment.id")
    external_id: str | None = Field(default=None, max_length=200)
    audience: Audience = Field(default=Audience.PUBLIC, sa_type=choice(Audience))
    language: str | None = Field(
        default=None, max_length=35, description="As the caller declared it"
    )
    state: State = Field(default=State.PENDING, sa_type=choice(State))
    revision: int = 1
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lane: int = Field(default=Lane.COMMENTS, description="A value of Lane")
    is_long: bool = Field(
        default=False,
        description="Whether the current text waits in the queue of long ones",
        # The release before this column inserts comments, too, until it is restarted.
        sa_column_kwargs={"server_default": false()},
    )
    pending_since: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    lease: UUID | None = Field(default=None, description="The lease that holds this comment")
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = Field(
        default=0, description="Leases of this revision that ended without a decision"
    )
    claimed_by: UUID | None = Field(default=None, foreign_key="moderator.id")
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    risk: float | None = Field(
        default=None,
        description="Highest score 0..1 that the policy judges in the current revision",
    )


class Revision(SQLModel, table=True):
    """One version of a comment's text: in NFC, 1..10,000 code points; empty once erased."""

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
    model: str = Field(max_length=64, description="SHA-256 identity of the model")
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
        # A pending revision is decided automatically only once, also after doubled nudges.
        partial_index(
            "uq_decision_automatic",
            "comment_id",
            "revision",
            where="actor IN ('policy', 'system') AND from_state = 'pending'",
            unique=True,
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    comment_id: UUID = Field(foreign_key="comment.id")
    revision: int
    from_state: State = Field(sa_type=choice(State, "from_state"))
    to_state: State = Field(sa_type=choice(State, "to_state"))
    actor: Actor = Field(sa_type=choice(Actor))
    policy: int | None = Field(default=None, description="Version of the policy that decided")
    moderator_id: UUID | None = Field(default=None, foreign_key="moderator.id")
    assessment_id: UUID | None = Field(default=None, foreign_key="assessment.id")
    reasons: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON_TYPE)
    note: str | None = Field(default=None, sa_type=Text)
    undoes: UUID | None = Field(default=None, foreign_key="decision.id", unique=True)
    facts: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON_TYPE, description="The facts that the phases read"
    )
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class Report(SQLModel, table=True):
    """A report on a comment, by a member or by an anonymous reader."""

    __table_args__ = (
        Index("ix_report_comment", "comment_id", "created_at"),
        # Finds open reports for the queue, and lets a member have one open report per comment.
        partial_index(
            "uq_report_open",
            "site_id",
            "comment_id",
            "reporter_id",
            where="resolved_at IS NULL",
            unique=True,
        ),
        Index("ix_report_reporter", "reporter_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    comment_id: UUID = Field(foreign_key="comment.id")
    revision: int = Field(description="The revision that the reporter could read")
    reporter_id: UUID | None = Field(default=None, foreign_key="member.id")
    reason: str = Field(max_length=32)
    note: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_by: UUID | None = Field(default=None, foreign_key="decision.id")
