"""The rounds of deliveries to an endpoint, as far as the database is concerned.

Each round begins with one short transaction: it records the outcomes of the round before,
fills the queue and takes the next messages. The requests are sent while no transaction is
open. After a crash in between, the round is repeated with the same ids.
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
from workers.delivery.sockets import per_endpoint

ROUND = 16
"""Messages that are under way to one endpoint at once, at most."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Round:
    """The messages to send now, with the endpoint's URL, secrets and rate."""

    url: str
    secrets: tuple[str, ...]
    rate: int | None
    messages: Sequence[Composed]
    is_probe: bool = False
    """Whether the messages go out one after the other, the next only if one was refused."""


def next_round(
    database: Database, box: SecretBox, leased: Leased, done: Sequence[Done]
) -> Round | None:
    """Record the attempts of the round before, and return the next round.

    Returns None when there is nothing to send for now, and gives the lease back. Returns None
    also when the endpoint was deleted, or another worker has leased it.
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
            # A later time than `now`, so that events queued just now are due.
            messages = (
                backlog.take(session, endpoint, clock.now(), _size(endpoint)) if may_send else []
            )
            if messages or more:
                # The messages of a probe go out in turn, each for as long as a round takes.
                in_turn = max(1, len(messages)) if endpoint.failures else 1
                endpoint.leased_until = now + LEASE * in_turn
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
        # The retention has deleted their events while they were being queued.
        with database.write() as session:
            backlog.remove(session, endpoint, lost)
    secrets = _secrets(box, endpoint)
    return Round(endpoint.url, secrets, endpoint.rate, composed, endpoint.failures > 0)


def _secrets(box: SecretBox, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the secrets that sign, newest first; none where the newest cannot be decrypted."""
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
        # If the installation's key was lost, only the old secret is unreadable: the new one was
        # encrypted with the new key.
        with suppress(SecretUnreadableError):
            secrets.append(box.decrypt(endpoint.old_secret))
    return tuple(secrets)


def _pauses(endpoint: Endpoint, now: datetime) -> bool:
    return clock.lasts(endpoint.next_attempt_at, now, MAX_PAUSE)


def _size(endpoint: Endpoint) -> int:
    size = per_endpoint(ROUND)
    return min(size, endpoint.rate) if endpoint.rate else size


def unsigned() -> Attempt:
    """Return the attempt of a message that cannot be signed, and so is not sent."""
    return Attempt(Unreached(Cause.SECRET), 0.0)
