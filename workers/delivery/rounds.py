"""The rounds in which an endpoint is delivered to: the database's side of it.

Each round is one short transaction: it records what came of the round before, fills the
queue and takes what is next. The requests are sent between two rounds, while no
transaction is open. A crash in between repeats the round, under the same ids.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from service import clock
from service.db import Database
from service.domain.deliveries import MAX_PAUSE, Cause, Unreached
from service.secret_box import SecretBox, SecretUnreadableError
from service.tables import Endpoint, WebhookMessage
from service.webhooks.payloads import Composed, compose
from workers.delivery import backlog
from workers.delivery.leasing import LEASE, Leased, lock_endpoint
from workers.delivery.recording import Done, record
from workers.delivery.sending import Attempt

ROUND = 16
"""Messages that are under way to one endpoint at once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Round:
    """What to send now."""

    url: str
    secrets: tuple[str, ...]
    rate: int | None
    messages: Sequence[Composed]


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
            endpoint = lock_endpoint(session, leased)
            if endpoint is None:
                return None
            record(session, endpoint, done, now)
            done = ()
            if endpoint.lease != leased.lease:
                return None
            may_send = not endpoint.disabled_at and not _pauses(endpoint, now)
            more = may_send and backlog.fill(session, endpoint)
            # What was queued just now is due by now.
            messages = (
                backlog.take(session, endpoint, clock.now(), _size(endpoint)) if may_send else []
            )
            if messages or more:
                endpoint.leased_until = now + LEASE
            else:
                endpoint.lease, endpoint.leased_until = None, None
                return None
        if not more:
            return _compose(database, box, endpoint, messages)


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
            backlog.remove(session, endpoint, lost)
    return Round(endpoint.url, _secrets(box, endpoint), endpoint.rate, composed)


def _secrets(box: SecretBox, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the secrets to sign with, newest first; none where they cannot be read."""
    try:
        secrets = [box.decrypt(endpoint.secret)]
    except SecretUnreadableError:
        log.error("webhook_secret_unreadable", endpoint=str(endpoint.id))  # noqa: TRY400 - nothing more to tell
        return ()
    if (
        endpoint.old_secret
        and endpoint.old_secret_until
        and clock.now() < endpoint.old_secret_until
    ):
        # Where the key was lost, it is the unreadable one that was rotated away.
        with suppress(SecretUnreadableError):
            secrets.append(box.decrypt(endpoint.old_secret))
    return tuple(secrets)


def _pauses(endpoint: Endpoint, now: datetime) -> bool:
    return clock.lasts(endpoint.next_attempt_at, now, MAX_PAUSE)


def _size(endpoint: Endpoint) -> int:
    return min(ROUND, endpoint.rate) if endpoint.rate else ROUND


def unsigned() -> Attempt:
    """Return what comes of a message that cannot be signed."""
    return Attempt(Unreached(Cause.SECRET), 0.0)
