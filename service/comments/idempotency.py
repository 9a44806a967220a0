"""Idempotency-Key: the first answer again, for 24 hours.

After the IETF draft draft-ietf-httpapi-idempotency-key-header-07. The answer is
stored without texts or names, as what it takes to compose it again (invariant 8).
"""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service import clock
from service.errors import IdempotencyKeyReused, Invalid, RequestInFlight
from service.tables import IdempotentRequest
from service.waiting import MAX_WAIT

RETENTION = timedelta(hours=24)
MAX_LENGTH = 200


def fingerprint(operation: str, content: str) -> str:
    """Return what tells two requests apart: SHA-256 over the operation and its content."""
    return hashlib.sha256(f"{operation}\n{content}".encode()).hexdigest()


def check_key(key: str) -> None:
    """Refuse what cannot be stored as a key; raises Invalid."""
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise Invalid.at(
            "/header/idempotency-key", f"Use 1 to {MAX_LENGTH} printable ASCII characters."
        )


def find_answer(session: Session, site_id: UUID, key: str, print_: str) -> IdempotentRequest | None:
    """Return the first request with this key, if there was one.

    Raises IdempotencyKeyReused when that was a different request, and RequestInFlight
    while its caller still waits for the answer.
    """
    first = session.exec(
        select(IdempotentRequest).where(
            col(IdempotentRequest.site_id) == site_id, col(IdempotentRequest.key) == key
        )
    ).one_or_none()
    if first is None or first.created_at < clock.now() - RETENTION:
        if first:
            session.delete(first)
            session.flush()
        return None
    if first.fingerprint != print_:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came with another body before. Use a new key for a new request."
        )
    if clock.lasts(first.in_flight_until, 2 * timedelta(seconds=MAX_WAIT), clock.now()):
        raise RequestInFlight("The first request with this Idempotency-Key is still running.")
    return first


def store_answer(session: Session, request: IdempotentRequest) -> None:
    """Keep the answer, with whatever else this session commits.

    Raises RequestInFlight when a request with the same key got there first.
    """
    # What else is new goes first: its conflicts are not this key's.
    session.flush()
    session.add(request)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        raise RequestInFlight(
            "A request with this Idempotency-Key was answered just now. Send it again to "
            "get that answer."
        ) from None


def settle_answer(
    session: Session, site_id: UUID, key: str, status: int, answer: dict[str, Any]
) -> None:
    """Replace the provisional answer of a request that waited."""
    session.execute(
        update(IdempotentRequest)
        .where(col(IdempotentRequest.site_id) == site_id, col(IdempotentRequest.key) == key)
        .values(status=status, answer=answer, in_flight_until=None)
    )
