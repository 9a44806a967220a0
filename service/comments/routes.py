"""The comment calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.auth.dependencies import CommentsWriteKey, ReadingKey
from service.comments import batches, history, idempotency, use_cases
from service.comments.accepting import Accepted, Item
from service.comments.dependencies import TheIntake
from service.comments.schemas import (
    BatchIn,
    BatchOut,
    CommentId,
    CommentIn,
    CommentOut,
    EditIn,
    HistoryOut,
)
from service.domain.vocabulary import Lane
from service.errors import (
    Conflict,
    ExternalIdTaken,
    IdempotencyKeyReused,
    IllegalTransition,
    MemberBanned,
    MemberSuspended,
    NotFound,
    OutdatedDecision,
    RequestInFlight,
    ThreadClosed,
    TooManyRevisions,
)
from service.http.callers import Caller
from service.http.context import Context
from service.http.openapi import LOCATION, problems
from service.http.prefer import Prefer, preferred_wait
from service.http.schemas import Page

router = APIRouter(prefix="/v1/comments", tags=["comments"])

BATCH_PATH = "/v1/comments/batch"
"""Takes bodies of up to `Settings.max_body_bytes`."""

ACCEPTED, KNOWN = 202, 200

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeated request with the same key gets the first answer, for 24 hours",
        # `idempotency.check_key` refuses other keys, before anything is stored.
        json_schema_extra={"minLength": 1, "maxLength": idempotency.MAX_LENGTH},
    ),
]


@router.post(
    "",
    operation_id="create_comment",
    status_code=ACCEPTED,
    responses={
        KNOWN: {
            "model": CommentOut,
            "description": "The external id was known, or the decision came while you waited",
            "headers": LOCATION,
        },
        ACCEPTED: {"headers": LOCATION},
        **problems(
            ThreadClosed,
            MemberSuspended,
            MemberBanned,
            ExternalIdTaken,
            RequestInFlight,
            Conflict,
            IdempotencyKeyReused,
        ),
    },
    summary="Accept a comment",
)
async def post_comment(  # noqa: PLR0913, PLR0917 - the parameters are the HTTP interface
    comment: CommentIn,
    request: Request,
    response: Response,
    caller: CommentsWriteKey,
    context: Context,
    intake: TheIntake,
    idempotency_key: IdempotencyKey = None,
    _prefer: Prefer = None,
) -> CommentOut:
    """Store a comment; with `Prefer: wait=N` (at most 10 s), wait for its decision."""
    wait = preferred_wait(request.headers)
    item = Item(comment, Lane.WAITING if wait else Lane.COMMENTS)
    repeatable = None
    if idempotency_key is not None:
        idempotency.check_key(idempotency_key)
        request_hash = idempotency.hash_request("POST /v1/comments", comment)
        repeatable = idempotency.Request(caller.site_id, idempotency_key, request_hash, wait)
    accepted = await run_in_threadpool(
        use_cases.accept_comment, context, intake, caller, item, repeatable
    )
    accepted = await _await_decision(context, caller, response, accepted, wait, idempotency_key)
    return _answer(response, accepted)


async def _await_decision(  # noqa: PLR0913, PLR0917 - as the endpoints
    context: Context,
    caller: Caller,
    response: Response,
    accepted: Accepted,
    wait: int,
    idempotency_key: str | None = None,
) -> Accepted:
    """Return the comment once it is decided, or as it is after `wait` seconds."""
    if not wait or not accepted.is_pending:
        return accepted
    if await context.decision_waiters.wait(accepted.comment.id, wait):
        response.headers["Preference-Applied"] = f"wait={wait}"
    return await run_in_threadpool(
        use_cases.answer_waiter, context, caller, accepted, idempotency_key
    )


def _answer(response: Response, accepted: Accepted) -> CommentOut:
    response.status_code = ACCEPTED if accepted.is_pending else KNOWN
    response.headers["Location"] = f"/v1/comments/{accepted.comment.id}"
    return accepted.comment


@router.post(
    "/batch",
    operation_id="create_comments",
    status_code=ACCEPTED,
    responses=problems(Conflict),
    summary="Accept up to 500 comments",
)
def post_batch(
    batch: BatchIn, caller: CommentsWriteKey, context: Context, intake: TheIntake
) -> BatchOut:
    """Store the valid comments of a batch, and answer each other item with its error.

    Give each comment an `external_id`, so that you can send the batch again after a
    broken connection. A comment that is known already is answered as it is now.
    """
    return batches.accept_batch(context, intake, caller, batch.comments)


@router.get(
    "/{comment_id}",
    operation_id="get_comment",
    responses=problems(NotFound),
    summary="Read a comment",
)
def get_comment(comment_id: CommentId, caller: ReadingKey, context: Context) -> CommentOut:
    """Return the comment as it is now."""
    return use_cases.get_comment(context, caller.site_id, comment_id)


@router.patch(
    "/{comment_id}",
    operation_id="edit_comment",
    responses=problems(
        NotFound,
        ThreadClosed,
        MemberSuspended,
        MemberBanned,
        IllegalTransition,
        OutdatedDecision,
        TooManyRevisions,
    ),
    summary="Edit a comment",
)
async def patch_comment(  # noqa: PLR0913, PLR0917 - the parameters are the HTTP interface
    comment_id: CommentId,
    edit: EditIn,
    request: Request,
    response: Response,
    caller: CommentsWriteKey,
    context: Context,
    _prefer: Prefer = None,
) -> CommentOut:
    """Add a revision; the comment is pending until the new text has a decision.

    With `Prefer: wait=N` (at most 10 s), wait for that decision.
    """
    wait = preferred_wait(request.headers)
    lane = Lane.WAITING if wait else Lane.COMMENTS
    comment = await run_in_threadpool(
        use_cases.edit_comment, context, caller, comment_id, edit.body, lane
    )
    edited = Accepted(comment, created=True)
    return (await _await_decision(context, caller, response, edited, wait)).comment


@router.delete(
    "/{comment_id}",
    operation_id="withdraw_comment",
    responses=problems(NotFound, OutdatedDecision),
    summary="Withdraw a comment",
)
def delete_comment(comment_id: CommentId, caller: CommentsWriteKey, context: Context) -> CommentOut:
    """Withdraw the comment on behalf of its author; readers no longer see it."""
    return use_cases.withdraw_comment(context, caller.site_id, comment_id)


@router.get(
    "/{comment_id}/history",
    operation_id="get_comment_history",
    responses=problems(NotFound),
    summary="Read a comment's history",
)
def get_history(
    comment_id: CommentId,
    caller: ReadingKey,
    context: Context,
    page: Annotated[Page, Query()],
) -> HistoryOut:
    """Return every revision, assessment, decision and report, oldest first."""
    return history.get_history(context, caller.site_id, comment_id, page.after, page.limit)
