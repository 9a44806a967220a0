"""Record the attempts of a round, and store what follows from them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from service.domain.deliveries import (
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
from service.members.erasures import is_erasing
from service.tables import Delivery, Endpoint, WebhookMessage
from service.telemetry.metrics import count_delivery
from service.webhooks import messages
from service.webhooks.payloads import Composed
from service.webhooks.use_cases import record_webhook_event
from workers.delivery import backlog
from workers.delivery.leasing import LEASE
from workers.delivery.sending import Attempt

MAX_ROUND = 3 * LEASE
"""Longest time from composing a payload to recording its attempt: a generous guess."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Done:
    """A message that was sent, its URL, and its attempt."""

    url: str
    message: Composed
    attempt: Attempt


def record(session: Session, endpoint: Endpoint, done: Sequence[Done], now: datetime) -> None:
    """Store the attempts, and update the messages and the endpoint by their outcomes."""
    if not done:
        return
    erasing = is_erasing(session, endpoint.site_id, now - MAX_ROUND)
    for one in done:
        session.add(_delivery(endpoint, one, now, keeps_answer=not erasing))
    outcomes = {
        one.message.sequence: one.attempt.outcome
        for one in done
        # Failures at a URL that was changed meanwhile say nothing about the new one.
        if one.url == endpoint.url or isinstance(one.attempt.outcome, Delivered)
    }
    waiting = messages.find(session, endpoint, outcomes)
    trials = {sequence: _trial(message) for sequence, message in waiting.items()}
    # Messages that were deleted or delivered meanwhile are left out.
    outcomes = {sequence: outcomes[sequence] for sequence in trials}
    if not outcomes:
        return
    chance = random.random()  # noqa: S311 - jitter, no secret
    verdict = judge_round(_health(endpoint), trials, outcomes, now, chance)
    backlog.remove(
        session,
        endpoint,
        [sequence for sequence, outcome in outcomes.items() if isinstance(outcome, Delivered)],
    )
    if verdict.releases:
        backlog.release(session, endpoint, now)
    for sequence, trial in verdict.trials.items():
        backlog.store_trial(session, endpoint, sequence, trial, now)
    _store_health(session, endpoint, verdict.health, now)


def _delivery(endpoint: Endpoint, done: Done, now: datetime, *, keeps_answer: bool) -> Delivery:
    """Return the record of an attempt.

    It has no answer where that may quote a text that was erased meanwhile.
    """
    message, attempt, outcome = done.message, done.attempt, _name(done.attempt.outcome)
    count_delivery(outcome, attempt.duration)
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
        outcome=outcome,
        status=attempt.status,
        response=attempt.response if keeps_answer else None,
        duration=attempt.duration,
        created_at=now,
    )


def _name(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return messages.DELIVERED
        case Refused() | Gone():
            return "refused"
        case Unreached(cause):
            return cause.value


def _trial(message: WebhookMessage) -> Trial:
    return Trial(message.attempts, message.refusals, message.first_failed_at, message.due_at)


def _health(endpoint: Endpoint) -> Health:
    return Health(endpoint.failures, endpoint.failing_since, endpoint.next_attempt_at)


def _store_health(session: Session, endpoint: Endpoint, health: Health, now: datetime) -> None:
    endpoint.failures = health.failures
    endpoint.failing_since = health.failing_since
    endpoint.next_attempt_at = health.next_attempt_at
    if health.disabled and not endpoint.disabled_at:
        endpoint.disabled_at, endpoint.disabled_reason = now, health.disabled
        record_webhook_event(session, endpoint, EventType.WEBHOOK_DISABLED, health.disabled)
        log.error(
            "webhook_disabled",
            endpoint=str(endpoint.id),
            site=str(endpoint.site_id),
            reason=health.disabled.value,
        )
