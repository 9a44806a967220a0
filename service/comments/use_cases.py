"""What a site's backend can do with comments. Each function is one unit of work."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service import clock
from service.auth.keys import Principal
from service.comments import idempotency
from service.comments.answers import recall, remember
from service.comments.changes import Change, change_state
from service.comments.intake import Accepted, Intake, look_twice
from service.comments.presenter import present_comment
from service.comments.repository import get_record, lock_comment
from service.comments.schemas import CommentIn, CommentOut
from service.context import Context
from service.db import after_commit
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane
from service.errors import ThreadClosed
from service.members.status import refusal
from service.tables import Comment, IdempotentRequest, Revision

ACCEPTED = 202
KNOWN = DECIDED = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """A comment and the HTTP status that it is answered with."""

    comment: CommentOut
    status: int


def count_write(context: Context, principal: Principal, kind: str = "key") -> None:
    """Count a writing request against the key's limit; raises TooManyRequests.

    Each kind of request has the whole limit for itself.
    """
    rate = principal.rate or context.settings.key_rate
    context.limiter.hit(rate, kind, str(principal.key_id))


def count_member(context: Context, principal: Principal, member: str) -> None:
    """Count a comment or an edit against the member's limit; raises TooManyRequests."""
    context.limiter.hit(context.settings.member_rate, "member", str(principal.site_id), member)


def accept_comment(
    context: Context,
    principal: Principal,
    item: CommentIn,
    idempotency_key: str | None,
    wait: int,
) -> Answer:
    """Keep one comment, or give the first answer again; `wait`: seconds the caller will wait."""
    site_id = principal.site_id
    if idempotency_key is None:
        count_member(context, principal, item.member.key)
        lane = _lane(wait)
        kept = context.intake.accept(site_id, item, lane)
        context.nudges.nudge(lane)
        return Answer(kept.comment, ACCEPTED if kept.created else KNOWN)
    print_ = idempotency.fingerprint("POST /v1/comments", item.model_dump_json())
    replay = _replay(context, site_id, idempotency_key, print_)
    if replay:
        return replay
    count_member(context, principal, item.member.key)
    return look_twice(lambda: _store(context, site_id, item, idempotency_key, print_, wait))


def _lane(wait: int) -> Lane:
    return Lane.WAITING if wait else Lane.COMMENTS


def _store(  # noqa: PLR0913, PLR0917 - one unit of work, called in one place
    context: Context,
    site_id: UUID,
    item: CommentIn,
    idempotency_key: str,
    print_: str,
    wait: int,
) -> Answer:
    lane = _lane(wait)
    with context.database.write() as session:
        intake = Intake(session, site_id, [item], clock.now())
        answer = _answer(intake.accept(item, lane))
        intake.store()
        idempotency.store_answer(
            session,
            IdempotentRequest(
                site_id=site_id,
                key=idempotency_key,
                comment_id=answer.comment.id,
                fingerprint=print_,
                status=answer.status,
                answer=remember(answer.comment),
                in_flight_until=clock.now() + timedelta(seconds=wait) if wait else None,
            ),
        )
        after_commit(session, lambda: context.nudges.nudge(lane))
    return answer


def _replay(context: Context, site_id: UUID, key: str, print_: str) -> Answer | None:
    with context.database.write() as session:
        first = idempotency.find_answer(session, site_id, key, print_)
        if first is None:
            return None
        return Answer(recall(session, site_id, first.answer), first.status)


def _answer(accepted: Accepted) -> Answer:
    return Answer(present_comment(accepted.record), ACCEPTED if accepted.created else KNOWN)


def answer_waiter(
    context: Context, principal: Principal, provisional: Answer, key: str | None
) -> Answer:
    """Return 200 with the decided comment, or the provisional 202 while it is still pending.

    What the caller is told in the end is also what the Idempotency-Key answers from
    now on. The comment is kept already, so trouble here only costs the better answer.
    """
    site_id = principal.site_id
    try:
        comment = get_comment(context, site_id, provisional.comment.id)
        answer = provisional if comment.state is State.PENDING else Answer(comment, DECIDED)
        if key:
            with context.database.write() as session:
                stored = remember(answer.comment)
                idempotency.settle_answer(session, site_id, key, answer.status, stored)
    except SQLAlchemyError as error:
        log.warning("waiter_answered_early", error=type(error).__name__)
        return provisional
    return answer


def get_comment(context: Context, site_id: UUID, comment_id: UUID) -> CommentOut:
    """Return the comment as it is now; raises NotFound."""
    with context.database.read() as session:
        return present_comment(get_record(session, site_id, comment_id))


def edit_comment(context: Context, principal: Principal, comment_id: UUID, body: str) -> CommentOut:
    """Add a revision with this text; the comment is pending again.

    The same text again changes nothing. Raises IllegalTransition for rejected and
    withdrawn comments, and what refuses new comments: ThreadClosed, MemberSuspended, ….
    """
    site_id = principal.site_id
    current = get_comment(context, site_id, comment_id)
    if current.body == body:
        return current
    count_member(context, principal, current.member.key)
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        _check_may_edit(session, comment)
        decision = change_state(session, Change(comment, State.PENDING, Actor.AUTHOR))
        session.add(
            Revision(
                comment_id=comment.id,
                number=comment.revision,
                site_id=site_id,
                body=body,
                created_at=decision.created_at,
            )
        )
        session.flush()
        edited = present_comment(get_record(session, site_id, comment_id))
        after_commit(session, lambda: context.nudges.nudge(Lane.COMMENTS))
    return edited


def _check_may_edit(session: Session, comment: Comment) -> None:
    record = get_record(session, comment.site_id, comment.id)
    thread, member = record.thread, record.member
    if not thread.open:
        raise ThreadClosed("This thread is closed; its comments can be withdrawn, not edited.")
    refused = refusal(member, clock.now())
    if refused:
        raise refused


def withdraw_comment(context: Context, site_id: UUID, comment_id: UUID) -> CommentOut:
    """Withdraw the comment for its author; again changes nothing. Raises NotFound."""
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        if comment.state is not State.WITHDRAWN:
            change_state(session, Change(comment, State.WITHDRAWN, Actor.AUTHOR))
        session.flush()
        return present_comment(get_record(session, site_id, comment_id))
