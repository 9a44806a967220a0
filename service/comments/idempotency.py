"""Idempotency-Key: a repeated request gets the first answer again, for 24 hours.

This follows the IETF draft draft-ietf-httpapi-idempotency-key-header-07. The stored
answer has no texts or names, only the ids and values from which it can be composed
again (invariant 8).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service import clock
from service.comments.accepting import Accepted
from service.comments.presenter import present_assessment, present_comment, present_decision
from service.comments.repository import get_body, get_moderators, get_record
from service.comments.schemas import CommentIn, CommentOut
from service.domain.states import State
from service.errors import IdempotencyKeyReused, Invalid, RequestInFlight
from service.tables import Assessment, Decision, IdempotentRequest

RETENTION = timedelta(hours=24)
MAX_LENGTH = 200
PENDING, FINAL = 202, 200
"""Status stored with an answer: 202 while the comment is pending, 200 otherwise."""


@dataclass(frozen=True)
class Request:
    """A request with an Idempotency-Key; `wait` is how many seconds its caller waits."""

    site_id: UUID
    key: str
    request_hash: str
    wait: int


def hash_request(operation: str, content: CommentIn) -> str:
    """Return the SHA-256 of the operation and its content, which identifies a request."""
    return hashlib.sha256(f"{operation}\n{content.model_dump_json()}".encode()).hexdigest()


def check_key(key: str) -> None:
    """Raise Invalid for a key that is empty, too long, or not printable ASCII."""
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise Invalid.at(
            "/header/idempotency-key", f"Use 1 to {MAX_LENGTH} printable ASCII characters."
        )


def find_answer(session: Session, request: Request) -> Accepted | None:
    """Return the answer that the first request with this key got; None if this is the first.

    Raises IdempotencyKeyReused if the first request was a different one, and
    RequestInFlight while its caller still waits for the answer.
    """
    first = session.exec(
        select(IdempotentRequest).where(
            col(IdempotentRequest.site_id) == request.site_id,
            col(IdempotentRequest.key) == request.key,
        )
    ).one_or_none()
    if first is None or first.created_at < clock.now() - RETENTION:
        if first:
            session.delete(first)
            session.flush()
        return None
    if first.fingerprint != request.request_hash:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was sent with another body. Use a new key for a new request."
        )
    if clock.lasts(first.in_flight_until, clock.now()):
        raise RequestInFlight(
            "The first request with this Idempotency-Key is still running. Wait for its answer, "
            "or send the request again later."
        )
    comment = _recall(session, request.site_id, first.answer)
    return Accepted(comment, created=first.status == PENDING)


def store_answer(session: Session, request: Request, accepted: Accepted) -> None:
    """Store the answer in the same unit of work as the comment; the caller commits.

    Raises RequestInFlight when another request has stored an answer for the key meanwhile.
    """
    # Other new rows are written first, so that a conflict below can only be the key's.
    session.flush()
    session.add(
        IdempotentRequest(
            site_id=request.site_id,
            key=request.key,
            comment_id=accepted.comment.id,
            fingerprint=request.request_hash,
            status=_status(accepted),
            answer=_remember(accepted.comment),
            in_flight_until=clock.now() + timedelta(seconds=request.wait) if request.wait else None,
        )
    )
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        raise RequestInFlight(
            "Another request with this Idempotency-Key was answered just now. Send the request "
            "again to get that answer."
        ) from None


def settle_answer(session: Session, site_id: UUID, key: str, accepted: Accepted) -> None:
    """Replace the provisional answer of a request that waited by its final answer."""
    session.execute(
        update(IdempotentRequest)
        .where(col(IdempotentRequest.site_id) == site_id, col(IdempotentRequest.key) == key)
        .values(status=_status(accepted), answer=_remember(accepted.comment), in_flight_until=None)
    )


def _status(accepted: Accepted) -> int:
    return PENDING if accepted.is_pending else FINAL


def _remember(comment: CommentOut) -> dict[str, Any]:
    """Return the values to compose this answer from later: ids, times, state, revision."""
    return {
        "id": str(comment.id),
        "state": comment.state.value,
        "revision": comment.revision,
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
        "decision": str(comment.decision.id) if comment.decision else None,
    }


def _recall(session: Session, site_id: UUID, answer: dict[str, Any]) -> CommentOut:
    """Compose the answer as it was given, even if the comment has changed since."""
    record = get_record(session, site_id, UUID(answer["id"]))
    now = present_comment(record)
    revision = answer["revision"]
    then = now.model_copy(
        update={
            "state": State(answer["state"]),
            "revision": revision,
            "body": get_body(session, site_id, now.id, revision),
            "edited_at": answer["edited_at"] and datetime.fromisoformat(answer["edited_at"]),
            "assessment": None,
            "decision": None,
        }
    )
    if answer["decision"]:
        _add_decision(session, site_id, then, UUID(answer["decision"]))
    return then


def _add_decision(session: Session, site_id: UUID, comment: CommentOut, decision_id: UUID) -> None:
    decision = session.exec(
        select(Decision).where(col(Decision.site_id) == site_id, col(Decision.id) == decision_id)
    ).one()
    moderators = get_moderators(session, site_id, [decision])
    moderator = moderators.get(decision.moderator_id) if decision.moderator_id else None
    comment.decision = present_decision(decision, moderator)
    if decision.assessment_id:
        assessment = session.exec(
            select(Assessment).where(
                col(Assessment.site_id) == site_id, col(Assessment.id) == decision.assessment_id
            )
        ).one()
        comment.assessment = present_assessment(assessment)
