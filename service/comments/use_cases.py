"""The operations of a site's backend on comments: accept, read, edit and withdraw."""

from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service import clock
from service.auth.rates import KEY, count_length
from service.comments import idempotency
from service.comments.accepting import Accepted, Item
from service.comments.changes import Change, change_state
from service.comments.intake import Intake
from service.comments.presenter import present_comment
from service.comments.repository import get_record, lock_comment
from service.comments.schemas import CommentOut
from service.db import after_commit
from service.domain.costs import count_shares, is_long
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane
from service.errors import ThreadClosed, TooManyRevisions
from service.http.callers import Caller
from service.http.context import Context
from service.members.status import refusal
from service.tables import Comment, Revision

MAX_REVISIONS = 200
"""Of one comment: all of them are kept, and shown to moderators."""

log = structlog.get_logger(__name__)


def count_text(context: Context, caller: Caller, member: str, body: str) -> None:
    """Count a comment or an edit against the member's limit, and its length against the key's.

    Raises TooManyRequests.
    """
    context.limiter.hit(
        context.settings.member_rate,
        "member",
        str(caller.site_id),
        member,
        cost=count_shares(body),
    )
    count_length(context, caller, KEY, body)


def accept_comment(
    context: Context,
    intake: Intake,
    caller: Caller,
    item: Item,
    request: idempotency.Request | None,
) -> Accepted:
    """Store one comment, or return the first answer to the same request again.

    Raises the error that refuses the comment (see `accepting.accept_items`),
    TooManyRequests, and what `Intake.accept`, `idempotency.find_answer` and
    `idempotency.store_answer` raise.
    """
    if request is None:
        count_text(context, caller, item.comment.member.key, item.comment.body)
        return intake.accept(caller.site_id, item)
    with context.database.write() as session:
        first = idempotency.find_answer(session, request)
    if first:
        return first
    count_text(context, caller, item.comment.member.key, item.comment.body)

    def step(session: Session, accepted: Accepted) -> None:
        idempotency.store_answer(session, request, accepted)

    return intake.accept(caller.site_id, item, step)


def answer_waiter(
    context: Context, caller: Caller, provisional: Accepted, key: str | None
) -> Accepted:
    """Return the comment as it is now, or the provisional answer if it is still pending.

    The answer is also stored for the Idempotency-Key, so that a repeated request gets it.
    The comment is already committed, so a database error here only costs the caller the
    decision: it gets the provisional answer.
    """
    site_id = caller.site_id
    try:
        comment = get_comment(context, site_id, provisional.comment.id)
        pending = comment.state is State.PENDING
        answer = provisional if pending else Accepted(comment, created=True)
        if key:
            with context.database.write() as session:
                idempotency.settle_answer(session, site_id, key, answer)
    except SQLAlchemyError as error:
        log.warning("waiter_answered_early", error=type(error).__name__)
        return provisional
    return answer


def get_comment(context: Context, site_id: UUID, comment_id: UUID) -> CommentOut:
    """Return the comment as it is now; raises NotFound."""
    with context.database.read() as session:
        return present_comment(get_record(session, site_id, comment_id))


def edit_comment(
    context: Context, caller: Caller, comment_id: UUID, body: str, lane: Lane = Lane.COMMENTS
) -> CommentOut:
    """Add a revision with this text, and make the comment pending again.

    The current text again changes nothing. Raises NotFound, TooManyRequests,
    IllegalTransition for a rejected or withdrawn comment, and ThreadClosed,
    MemberSuspended or MemberBanned where a new comment would be refused.
    """
    site_id = caller.site_id
    current = get_comment(context, site_id, comment_id)
    if current.body == body:
        return current
    count_text(context, caller, current.member.key, body)
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        _check_may_edit(session, comment)
        decision = change_state(session, Change(comment, State.PENDING, Actor.AUTHOR, lane=lane))
        comment.is_long = is_long(body)
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
        after_commit(session, lambda: context.nudges.nudge(lane))
    return edited


def _check_may_edit(session: Session, comment: Comment) -> None:
    if comment.revision >= MAX_REVISIONS:
        raise TooManyRevisions(
            f"A comment may have {MAX_REVISIONS} revisions. Withdraw it and write a new one."
        )
    record = get_record(session, comment.site_id, comment.id)
    thread, member = record.thread, record.member
    if not thread.open:
        raise ThreadClosed("This thread is closed; its comments can be withdrawn, not edited.")
    refused = refusal(member, clock.now())
    if refused:
        raise refused


def withdraw_comment(context: Context, site_id: UUID, comment_id: UUID) -> CommentOut:
    """Withdraw the comment on behalf of its author; raises NotFound.

    To withdraw a withdrawn comment changes nothing.
    """
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        if comment.state is not State.WITHDRAWN:
            change_state(session, Change(comment, State.WITHDRAWN, Actor.AUTHOR))
        session.flush()
        return present_comment(get_record(session, site_id, comment_id))
