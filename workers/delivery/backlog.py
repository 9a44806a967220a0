"""An endpoint's queue of messages in the database: fill it, take from it, and update it.

The caller holds the endpoint's lease, so that only one worker does this, between two rounds
of sending. The caller commits.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from service import clock
from service.domain.deliveries import MAX_DELAY, Trial, Waiting, superseded
from service.domain.events import EventType
from service.tables import Endpoint, Event, Site, WebhookMessage
from service.tables.conditions import has_ended
from service.webhooks import messages

FILL_BATCH = 500
"""Most events that are queued in one transaction."""

PAGE = 100
"""Messages that one query reads."""

TRIES_ALONE = 3
"""Attempts of the oldest message, after which a probe has a second message."""


def has_work(now: datetime) -> ColumnElement[bool]:
    """Return the condition that there are events to queue for the endpoint, or to send now."""
    head = (
        select(Site.event_sequence)
        .where(col(Site.id) == col(Endpoint.site_id))
        .correlate(Endpoint)
        .scalar_subquery()
    )
    # A message behind an earlier one of its subject cannot be sent yet. If it counted, workers
    # would look at the endpoint again and again, and find nothing to send.
    message = exists().where(
        col(WebhookMessage.endpoint_id) == col(Endpoint.id), _is_due(now), _may_go()
    )
    return or_(col(Endpoint.queued_sequence) < head, message.correlate(Endpoint))


def fill(session: Session, endpoint: Endpoint) -> bool:
    """Queue the next events for the endpoint, at most FILL_BATCH; tell whether there may be more.

    A message that a later event of the same comment makes superfluous is dropped. The later
    message names it in `supersedes`.
    """
    site = session.get_one(Site, endpoint.site_id)
    start = max(endpoint.queued_sequence, site.events_deleted)
    events = session.exec(
        select(Event)
        .where(
            col(Event.site_id) == endpoint.site_id,
            col(Event.sequence) > start,
            col(Event.sequence) <= start + FILL_BATCH,
        )
        .order_by(col(Event.sequence))
    ).all()
    wanted = [messages.message_for(endpoint, event) for event in events if _wants(endpoint, event)]
    session.add_all(wanted)
    session.flush()
    _supersede(session, endpoint, {message.subject for message in wanted if message.tells_state})
    endpoint.queued_sequence = events[-1].sequence or start if events else start
    return len(events) == FILL_BATCH


def take(session: Session, endpoint: Endpoint, now: datetime, limit: int) -> list[WebhookMessage]:
    """Return the next messages that are due, oldest first, at most one per subject.

    A message waits behind the earlier ones of its subject. Only one that tells a state passes
    reports once the first of them has failed: a report that the receiver refuses must not hold
    up a rejection. The reports stay, and are sent afterwards, when they are due.

    While the endpoint fails, return the probe: the oldest message, so that a receiver that
    recovers gets its messages oldest first. Once that was tried TRIES_ALONE times, the probe
    has a second message, of the oldest, one that was tried least: the first one might be the
    one message that the receiver cannot take, and would hide its recovery.

    Messages are read page by page. A join that finds the first of each subject would take
    quadratic time while Postgres' statistics still say that the table is empty.
    """
    found: dict[UUID, WebhookMessage] = {}
    passable: dict[UUID, bool] = {}  # by subject, whether a state may pass what was read of it
    for page in _pages(session, endpoint):
        for message in page:
            subject, tells = message.subject, message.tells_state
            may_go = subject not in passable or (tells and passable[subject])
            if may_go and not clock.lasts(message.due_at, now, MAX_DELAY):
                found[subject] = message
            passable[subject] = passable.get(subject, message.attempts > 0) and not tells
        if endpoint.failures and found:
            return _probe(sorted(found.values(), key=lambda message: message.sequence))
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _probe(found: Sequence[WebhookMessage]) -> list[WebhookMessage]:
    first, *others = found
    if first.attempts < TRIES_ALONE or not others:
        return [first]
    return [first, min(others, key=lambda message: (message.attempts, message.sequence))]


def _pages(session: Session, endpoint: Endpoint) -> Iterator[Sequence[WebhookMessage]]:
    """Give the endpoint's waiting messages, due or not, in the order of their numbers."""
    after = 0
    while True:
        page = session.exec(
            select(WebhookMessage)
            .where(
                messages.waits_for(endpoint),
                col(WebhookMessage.sequence) > after,
                col(WebhookMessage.failed_at).is_(None),
            )
            .order_by(col(WebhookMessage.sequence))
            .limit(PAGE)
        ).all()
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].sequence


def remove(session: Session, endpoint: Endpoint, sequences: Iterable[int]) -> None:
    """Delete these messages of the endpoint."""
    session.execute(
        delete(WebhookMessage)
        .where(
            messages.waits_for(endpoint),
            col(WebhookMessage.sequence).in_(set(sequences)),
        )
        .execution_options(synchronize_session="fetch")
    )


def release(session: Session, endpoint: Endpoint, now: datetime) -> None:
    """Make all waiting messages of the endpoint due now."""
    session.execute(
        update(WebhookMessage)
        .where(
            messages.waits_for(endpoint),
            col(WebhookMessage.due_at) > now,
            col(WebhookMessage.failed_at).is_(None),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def store_trial(
    session: Session, endpoint: Endpoint, sequence: int, trial: Trial, now: datetime
) -> None:
    """Store the past attempts of a message; do nothing if it was deleted meanwhile."""
    session.execute(
        update(WebhookMessage)
        .where(
            messages.waits_for(endpoint),
            col(WebhookMessage.sequence) == sequence,
        )
        .values(
            attempts=trial.attempts,
            refusals=trial.refusals,
            first_failed_at=trial.first_failed_at,
            due_at=trial.due_at,
            failed_at=now if trial.given_up else None,
        )
        .execution_options(synchronize_session=False)
    )


def _wants(endpoint: Endpoint, event: Event) -> bool:
    if event.type not in (EventType.WEBHOOK_TEST, EventType.WEBHOOK_DISABLED):
        return event.type in endpoint.events
    is_own = event.facts["endpoint"]["id"] == str(endpoint.id)
    if event.type is EventType.WEBHOOK_TEST:
        return bool(is_own)
    # The one that was disabled knows, once it is enabled again.
    return event.type in endpoint.events and not is_own


def _supersede(session: Session, endpoint: Endpoint, subjects: set[UUID]) -> None:
    if not subjects:
        return
    rows = session.exec(
        select(WebhookMessage).where(
            messages.waits_for(endpoint),
            col(WebhookMessage.subject).in_(subjects),
            col(WebhookMessage.tells_state),
        )
    ).all()
    by_sequence = {row.sequence: row for row in rows}
    replaced = superseded([Waiting(row.sequence, row.subject, row.tells_state) for row in rows])
    gone = [sequence for sequences in replaced.values() for sequence in sequences]
    ids = dict(
        session.execute(
            select(col(Event.sequence), col(Event.id)).where(
                col(Event.site_id) == endpoint.site_id, col(Event.sequence).in_(gone)
            )
        ).all()
    )
    for sequence, earlier in replaced.items():
        inherited = [event_id for one in earlier for event_id in by_sequence[one].supersedes]
        own = [str(ids[one]) for one in earlier if one in ids]
        by_sequence[sequence].supersedes = [*by_sequence[sequence].supersedes, *inherited, *own]
    remove(session, endpoint, gone)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(WebhookMessage.failed_at).is_(None),
        has_ended(col(WebhookMessage.due_at), now, MAX_DELAY),
    )


def _may_go() -> ColumnElement[bool]:
    """Return the condition that no earlier message of the subject holds it up: see `take`."""
    return or_(
        ~_has_earlier(),
        and_(
            col(WebhookMessage.tells_state),
            _has_earlier(tried=True),
            ~_has_earlier(tells_state=True),
        ),
    )


def _has_earlier(*, tried: bool = False, tells_state: bool = False) -> ColumnElement[bool]:
    """Return the condition that an earlier message of the subject waits, due or not."""
    earlier = aliased(WebhookMessage)
    conditions: list[ColumnElement[bool]] = [
        col(earlier.endpoint_id) == col(WebhookMessage.endpoint_id),
        col(earlier.subject) == col(WebhookMessage.subject),
        col(earlier.sequence) < col(WebhookMessage.sequence),
        col(earlier.failed_at).is_(None),
    ]
    if tried:
        conditions.append(col(earlier.attempts) > 0)
    if tells_state:
        conditions.append(col(earlier.tells_state).is_(True))
    return exists().where(*conditions).correlate(WebhookMessage)
