"""The database's side of delivery: leasing an endpoint, and its rounds.

Each round is one short transaction: it records what came of the round before, fills the
queue and takes what is next. The requests are sent between two rounds, while no
transaction is open. A crash in between repeats the round, under the same ids.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from service import clock
from service.db import Database
from service.domain.deliveries import (
    LONGEST_PAUSE,
    Cause,
    Delivered,
    Gone,
    Health,
    Outcome,
    Refused,
    Trial,
    Unreached,
    judge_round,
)
from service.domain.events import EventType
from service.ids import new_id
from service.members.erasures import is_erasing
from service.tables import Delivery, Endpoint, WebhookMessage
from service.telemetry.metrics import count_delivery
from service.webhooks import queue
from service.webhooks.payloads import Composed, compose
from service.webhooks.secrets import SecretBox, SecretUnreadableError
from service.webhooks.use_cases import webhook_event
from workers.delivery.sending import Attempt

LEASE = timedelta(seconds=20)
"""Longer than a round: its pace is one second, and an attempt takes 15 at most."""

LONGEST_ROUND = 3 * LEASE
"""From composing to recording; a generous guess."""

ROUND = 16
"""Messages that are under way to one endpoint at once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Leased:
    """An endpoint that this worker delivers to."""

    endpoint_id: UUID
    site_id: UUID
    lease: UUID


@dataclass(frozen=True)
class Round:
    """What to send now."""

    url: str
    secrets: tuple[str, ...]
    rate: int | None
    messages: Sequence[Composed]


@dataclass(frozen=True)
class Done:
    """A message, where it was sent to, and what came of it."""

    url: str
    message: Composed
    attempt: Attempt


def lease_endpoints(database: Database, limit: int) -> list[Leased]:
    """Lease endpoints, at most so many, that something can be sent to now."""
    now = clock.now()
    with database.read() as session:
        due = session.exec(
            select(Endpoint.id, Endpoint.site_id)
            .where(_can_be_leased(now), queue.has_work(now))
            # Those that fare well first: however many fail, they must not take all the places.
            .order_by(col(Endpoint.next_attempt_at).nulls_first())
            .limit(limit)
        ).all()
    if not due:
        return []
    lease = new_id()
    with database.write() as session:
        return [
            Leased(endpoint_id, site_id, lease)
            for endpoint_id, site_id in due
            if _lease(session, endpoint_id, lease, now)
        ]


def next_round(
    database: Database, box: SecretBox, leased: Leased, done: Sequence[Done]
) -> Round | None:
    """Record what was done, and return what is next.

    None: there is nothing to send for now, or this worker may not. The lease is given
    back then.
    """
    while True:
        now = clock.now()
        with database.write() as session:
            endpoint = _lock(session, leased)
            if endpoint is None:
                return None
            _record(session, endpoint, done, now)
            done = ()
            if endpoint.lease != leased.lease:
                return None
            may_send = not endpoint.disabled_at and not _pauses(endpoint, now)
            more = may_send and queue.fill(session, endpoint)
            # What was queued just now is due by now.
            messages = (
                queue.take(session, endpoint, clock.now(), _size(endpoint)) if may_send else []
            )
            if messages or more:
                endpoint.leased_until = now + LEASE
            else:
                endpoint.lease, endpoint.leased_until = None, None
                return None
        if not more:
            return _compose(database, box, endpoint, messages)


def give_back(database: Database, leased: Leased) -> None:
    """End the lease, so that another worker can go on at once."""
    with database.write() as session:
        session.execute(
            update(Endpoint)
            .where(
                col(Endpoint.site_id) == leased.site_id,
                col(Endpoint.id) == leased.endpoint_id,
                col(Endpoint.lease) == leased.lease,
            )
            .values(lease=None, leased_until=None)
        )


def _compose(
    database: Database, box: SecretBox, endpoint: Endpoint, messages: Sequence[WebhookMessage]
) -> Round:
    with database.read() as session:
        composed = compose(session, endpoint, messages)
    known = {message.sequence for message in composed}
    lost = [message.sequence for message in messages if message.sequence not in known]
    if lost:
        # Their events were deleted by the retention while they were being queued.
        with database.write() as session:
            queue.remove(session, endpoint, lost)
    return Round(endpoint.url, _secrets(box, endpoint), endpoint.rate, composed)


def _secrets(box: SecretBox, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the secrets to sign with, newest first; none where they cannot be read."""
    stored = [endpoint.secret]
    if (
        endpoint.old_secret
        and endpoint.old_secret_until
        and clock.now() < endpoint.old_secret_until
    ):
        stored.append(endpoint.old_secret)
    try:
        return tuple(box.decrypt(secret) for secret in stored)
    except SecretUnreadableError:
        log.error("webhook_secret_unreadable", endpoint=str(endpoint.id))  # noqa: TRY400 - nothing more to tell
        return ()


def _can_be_leased(now: datetime) -> ColumnElement[bool]:
    """Return whether it is nobody's, enabled, and not pausing.

    Times that lie further ahead than any that is written are of a clock set back since.
    """
    until, attempt = col(Endpoint.leased_until), col(Endpoint.next_attempt_at)
    return and_(
        col(Endpoint.disabled_at).is_(None),
        or_(until.is_(None), until <= now, until > now + LEASE),
        or_(attempt.is_(None), attempt <= now, attempt > now + LONGEST_PAUSE),
    )


def _lease(session: Session, endpoint_id: UUID, lease: UUID, now: datetime) -> bool:
    result = session.execute(
        update(Endpoint)
        .where(col(Endpoint.id) == endpoint_id, _can_be_leased(now))
        .values(lease=lease, leased_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    leased: int = result.rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    return leased == 1


def _lock(session: Session, leased: Leased) -> Endpoint | None:
    return session.exec(
        select(Endpoint)
        .where(col(Endpoint.site_id) == leased.site_id, col(Endpoint.id) == leased.endpoint_id)
        .with_for_update()
    ).one_or_none()


def _pauses(endpoint: Endpoint, now: datetime) -> bool:
    return clock.lasts(endpoint.next_attempt_at, LONGEST_PAUSE, now)


def _size(endpoint: Endpoint) -> int:
    return min(ROUND, endpoint.rate) if endpoint.rate else ROUND


def _record(session: Session, endpoint: Endpoint, done: Sequence[Done], now: datetime) -> None:
    """Keep the attempts, and what follows from them."""
    if not done:
        return
    erasing = is_erasing(session, endpoint.site_id, now - LONGEST_ROUND)
    for one in done:
        session.add(_delivery(endpoint, one, now, keeps_answer=not erasing))
    outcomes = {
        one.message.sequence: one.attempt.outcome
        for one in done
        # Failures at an address that was changed meanwhile tell nothing of the new one.
        if one.url == endpoint.url or isinstance(one.attempt.outcome, Delivered)
    }
    trials = _trials(session, endpoint, list(outcomes))
    # A redelivery, or a deletion, may have been quicker.
    outcomes = {sequence: outcomes[sequence] for sequence in trials}
    if not outcomes:
        return
    chance = random.random()  # noqa: S311 - jitter, no secret
    verdict = judge_round(_health(endpoint), trials, outcomes, now, chance)
    queue.remove(
        session,
        endpoint,
        [sequence for sequence, outcome in outcomes.items() if isinstance(outcome, Delivered)],
    )
    if verdict.releases:
        queue.release(session, endpoint, now)
    for sequence, trial in verdict.trials.items():
        queue.store_trial(session, endpoint, sequence, trial, now)
    _store_health(session, endpoint, verdict.health, now)


def _delivery(endpoint: Endpoint, done: Done, now: datetime, *, keeps_answer: bool) -> Delivery:
    """Return the record; without the answer where it may quote what was erased meanwhile."""
    message, attempt = done.message, done.attempt
    count_delivery(_name(attempt.outcome), attempt.duration)
    return Delivery(
        site_id=endpoint.site_id,
        endpoint_id=endpoint.id,
        event_id=message.event_id,
        sequence=message.sequence,
        type=message.type,
        subject=message.subject,
        attempt=message.attempt,
        url=done.url,
        size=len(message.body),
        outcome=_name(attempt.outcome),
        status=attempt.status,
        response=attempt.response if keeps_answer else None,
        duration=attempt.duration,
        created_at=now,
    )


def _name(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return queue.DELIVERED
        case Refused() | Gone():
            return "refused"
        case Unreached(cause):
            return cause.value


def _trials(session: Session, endpoint: Endpoint, sequences: list[int]) -> dict[int, Trial]:
    rows = session.exec(
        select(WebhookMessage).where(
            col(WebhookMessage.site_id) == endpoint.site_id,
            col(WebhookMessage.endpoint_id) == endpoint.id,
            col(WebhookMessage.sequence).in_(sequences),
        )
    )
    return {
        row.sequence: Trial(row.attempts, row.refusals, row.first_failed_at, row.due_at)
        for row in rows
    }


def _health(endpoint: Endpoint) -> Health:
    return Health(endpoint.failures, endpoint.failing_since, endpoint.next_attempt_at)


def _store_health(session: Session, endpoint: Endpoint, health: Health, now: datetime) -> None:
    endpoint.failures = health.failures
    endpoint.failing_since = health.failing_since
    endpoint.next_attempt_at = health.next_attempt_at
    if health.disabled and not endpoint.disabled_at:
        endpoint.disabled_at, endpoint.disabled_reason = now, health.disabled
        session.add(webhook_event(endpoint, EventType.WEBHOOK_DISABLED, health.disabled))
        log.error(
            "webhook_disabled",
            endpoint=str(endpoint.id),
            site=str(endpoint.site_id),
            reason=health.disabled.value,
        )


def unsigned() -> Attempt:
    """Return what comes of a message that cannot be signed."""
    return Attempt(Unreached(Cause.SECRET), 0.0)
