"""Make one attempt to deliver: sign the message, send it, and read the head of the answer."""

import math
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import anyio
import structlog
from anyio import CancelScope
from httpcore2 import (
    AsyncConnectionPool,
    NetworkError,
    ProtocolError,
    Response,
    TimeoutException,
)
from standardwebhooks import Webhook

from service import clock
from service.descriptors import are_spent
from service.domain.deliveries import Cause, Delivered, Gone, Outcome, Refused, Unreached
from workers.delivery.safe_http import BlockedError, UnresolvedError

CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
"""Time to connect, and for the whole attempt. Standard Webhooks 1.0 grants a receiver 15 to 30
seconds, so no shorter limit applies to its answer."""

HEAD_SECONDS = 2.0
"""Seconds to read the answer's body, once its status was received."""

MAX_READ = 16_384
"""Most bytes that are read of an answer. A longer one closes the connection, but is no failure."""

MAX_KEPT = 1_000
"""Most characters of an answer that are stored."""

USER_AGENT = b"Netiquette"

ASKS_TO_WAIT = (429, 503)

log = structlog.get_logger(__name__)


class NoDescriptorError(Exception):
    """This process, or this machine, can open no socket now; the receiver was not asked."""


@dataclass(frozen=True)
class Attempt:
    """The outcome of one attempt to deliver."""

    outcome: Outcome
    duration: float
    """Seconds that the attempt took."""
    status: int | None = None
    response: str | None = None
    """The first characters of the answer."""


async def send(
    pool: AsyncConnectionPool, url: str, message_id: UUID, body: bytes, secrets: Sequence[str]
) -> Attempt:
    """Send the body, signed with each of the secrets.

    An error that nobody has thought of is the outcome of this message, too: raised, it
    would repeat the round, with all that was delivered in it. Raises NoDescriptorError where
    no socket can be opened, and nothing else but when it is cancelled.
    """
    began = time.monotonic()
    try:
        with anyio.fail_after(TOTAL_SECONDS) as limit:
            outcome, status, response = await _post(
                pool, url, _headers(message_id, body, secrets), body, limit
            )
    except Exception as error:
        if are_spent(error):
            raise NoDescriptorError from error
        outcome, status, response = Unreached(_cause(error, message_id)), None, None
    return Attempt(outcome, time.monotonic() - began, status, response)


def sign(message_id: UUID, at: datetime, body: bytes, secrets: Sequence[str]) -> str:
    """Return the signatures, separated by spaces (Standard Webhooks 1.0, «Signature scheme»)."""
    return " ".join(Webhook(secret).sign(str(message_id), at, body.decode()) for secret in secrets)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Return the pause that the header asks for (RFC 9110, section 10.2.3); None if unreadable."""
    if value.isascii() and value.isdigit():
        # Nine digits of seconds are years, longer than any caller waits. `int` would raise for
        # some thousands of digits.
        return timedelta(seconds=int(value.lstrip("0")[:9] or "0"))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        # OverflowError: a number too long for a date, such as a zone of 20 digits.
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(aware - now, timedelta(0))


def _headers(message_id: UUID, body: bytes, secrets: Sequence[str]) -> list[tuple[bytes, bytes]]:
    now = clock.now().astimezone(UTC)
    return [
        (b"content-type", b"application/json"),
        (b"user-agent", USER_AGENT),
        (b"accept-encoding", b"identity"),
        (b"webhook-id", str(message_id).encode()),
        (b"webhook-timestamp", str(int(now.timestamp())).encode()),
        (b"webhook-signature", sign(message_id, now, body, secrets).encode()),
    ]


async def _post(
    pool: AsyncConnectionPool,
    url: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    limit: CancelScope,
) -> tuple[Outcome, int, str]:
    timeout = {
        "connect": CONNECT_SECONDS,
        "read": TOTAL_SECONDS,
        "write": TOTAL_SECONDS,
        "pool": TOTAL_SECONDS,
    }
    async with pool.stream(
        "POST", url, headers=headers, content=body, extensions={"timeout": timeout}
    ) as response:
        outcome = _outcome(response)
        # From here on the status decides the outcome, and the body has a time limit of its own.
        limit.deadline = math.inf
        return outcome, response.status, await _read_head(response)


def _outcome(response: Response) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Delivered(status)
    if status == 410:
        return Gone()
    pause = None
    if status in ASKS_TO_WAIT:
        given = next((v for name, v in response.headers if name.lower() == b"retry-after"), b"")
        pause = retry_after(given.decode("latin-1").strip(), clock.now()) if given else None
    return Refused(status, pause)


async def _read_head(response: Response) -> str:
    """Return the first characters of the answer's body; the rest stays unread.

    Unread bytes close the connection. Errors of the network are ignored, since the status has
    decided the outcome.
    """
    head = b""
    with suppress(Exception), anyio.move_on_after(HEAD_SECONDS):
        async for chunk in response.aiter_stream():
            head += chunk
            if len(head) >= MAX_READ:
                break
    text = head.decode("utf-8", "replace")[:MAX_KEPT]
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def _cause(error: Exception, message_id: UUID) -> Cause:
    match error:
        case BlockedError():
            return Cause.BLOCKED
        case UnresolvedError():
            return Cause.ADDRESS
        case TimeoutException() | TimeoutError():
            return Cause.TIMEOUT
        case NetworkError() | OSError():
            return Cause.TLS if _is_of_tls(error) else Cause.CONNECTION
        case ProtocolError() | ValueError():
            return Cause.PROTOCOL
    log.error("delivery_unexpected", message=str(message_id), error=type(error).__name__)
    return Cause.PROTOCOL


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
