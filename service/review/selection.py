"""Conditions on the comment table that say which comments are in the queue, and why."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, col, select

from service import clock
from service.domain.states import State
from service.policy.phases import REPORTED
from service.reports.repository import has_open_report
from service.review.schemas import QueueFilters
from service.tables import Assessment, Comment, Decision, Thread
from service.tables.conditions import FLAGGED, PENDING, has_ended

CLAIM = timedelta(minutes=5)
"""How long a claim lasts unless the moderator renews it; after that it ends by itself."""


def long_pending(stale: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment has been pending since before `stale`."""
    return and_(PENDING, col(Comment.pending_since) < stale)


def reported(site_id: UUID, stale: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment is in the queue and has an open report."""
    return and_(has_open_report(site_id), in_queue(site_id, stale))


def ways_in(site_id: UUID, stale: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that put a comment into the queue; one of them is enough."""
    published = and_(col(Comment.state) == State.APPROVED, has_open_report(site_id))
    return FLAGGED, published, long_pending(stale)


def in_queue(site_id: UUID, stale: datetime) -> ColumnElement[bool]:
    """Return the condition that the comment is in the queue, for any reason."""
    return or_(*ways_in(site_id, stale))


def claimed(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a moderator's claim on the comment lasts at `now`."""
    until = col(Comment.claimed_until)
    return and_(until > now, until <= now + clock.LONGEST_HOLD)


def is_held(until: datetime | None, now: datetime) -> bool:
    """Tell whether a claim that ends at `until` lasts at `now`."""
    return clock.lasts(until, now)


def free_for(moderator_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Return the condition that no other moderator has a claim on the comment now."""
    return or_(
        has_ended(col(Comment.claimed_until), now),
        col(Comment.claimed_by) == moderator_id,
    )


def matches(
    session: Session, site_id: UUID, filters: QueueFilters, stale: datetime
) -> ColumnElement[bool]:
    """Return the condition that the comment passes the filters."""
    conditions: list[ColumnElement[bool]] = [true()]
    if filters.thread is not None:
        thread = select(Thread.id).where(
            col(Thread.site_id) == site_id, col(Thread.key) == filters.thread
        )
        conditions.append(col(Comment.thread_id).in_(thread))
    if filters.reason is not None:
        conditions.append(_has_reason(session, site_id, filters.reason, stale))
    if filters.language is not None:
        conditions.append(_in_language(filters.language))
    return and_(*conditions)


def _has_reason(
    session: Session, site_id: UUID, reason: str, stale: datetime
) -> ColumnElement[bool]:
    if reason == "long_pending":
        return long_pending(stale)
    if reason == REPORTED:
        return reported(site_id, stale)
    return (
        select(Decision.id)
        .where(
            col(Decision.site_id) == col(Comment.site_id),
            col(Decision.comment_id) == col(Comment.id),
            _is_current(Decision.revision),
            FLAGGED,
            col(Decision.to_state) == State.FLAGGED,
            _names(session, reason),
        )
        .exists()
    )


def _is_current(revision: int) -> ColumnElement[bool]:
    """Return the condition that a record belongs to the comment's current revision."""
    # `>=` is the same as `==`, as no record has a newer revision. With `==`, Postgres may
    # estimate that it is cheaper to read all records of the site at once.
    return col(revision) >= col(Comment.revision)


def _names(session: Session, reason: str) -> ColumnElement[bool]:
    """Return the condition that a decision's reasons have this code or this attribute."""
    if session.get_bind().dialect.name == "postgresql":
        reasons = type_coerce(col(Decision.reasons), JSONB)
        return or_(reasons.contains([{"code": reason}]), reasons.contains([{"attribute": reason}]))
    one = func.json_each(col(Decision.reasons)).table_valued("value")
    return (
        select(one.c.value)
        .where(
            or_(
                func.json_extract(one.c.value, "$.code") == reason,
                func.json_extract(one.c.value, "$.attribute") == reason,
            )
        )
        .exists()
    )


def _in_language(language: str) -> ColumnElement[bool]:
    return (
        select(Assessment.id)
        .where(
            col(Assessment.site_id) == col(Comment.site_id),
            col(Assessment.comment_id) == col(Comment.id),
            _is_current(Assessment.revision),
            col(Assessment.language) == language.lower(),
        )
        .exists()
    )
