"""The comment calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.auth.dependencies import CommentsKey, ReadingKey
from service.auth.keys import Principal
from service.comments import batches, history, idempotency, use_cases
from service.comments.preferences import preferred_wait
from service.comments.schemas import (
    BatchIn,
    BatchOut,
    CommentIn,
    CommentOut,
    EditIn,
    HistoryOut,
)
from service.comments.use_cases import Answer
from service.context import Context, Services
from service.ids import parse_id
from service.openapi import problems
from service.schemas import Page

router = APIRouter(prefix="/v1/comments", tags=["comments"])

IdempotencyKey = Annotated[
    str | None, Header(description="The same key again gives the first answer, for 24 hours")
]


@router.post(
    "",
    status_code=use_cases.ACCEPTED,
    responses={
        200: {"model": CommentOut, "description": "Known external id, or decided while you waited"},
        **problems(401, 403, 409, 413, 422, 429),
    },
    summary="Accept a comment",
)
async def post_comment(  # noqa: PLR0913, PLR0917 - the parameters are the HTTP interface
    item: CommentIn,
    request: Request,
    response: Response,
    principal: CommentsKey,
    context: Services,
    idempotency_key: IdempotencyKey = None,
) -> CommentOut:
    """Keep a comment; with `Prefer: wait=N` (at most 10 s) wait for its decision."""
    if idempotency_key is not None:
        idempotency.check_key(idempotency_key)
    wait = preferred_wait(request.headers)
    answer = await run_in_threadpool(_accept, context, principal, item, idempotency_key, wait)
    if wait and answer.status == use_cases.ACCEPTED:
        if await context.waiters.wait(answer.comment.id, wait):
            response.headers["Preference-Applied"] = f"wait={wait}"
        answer = await run_in_threadpool(
            use_cases.answer_waiter, context, principal, answer, idempotency_key
        )
    response.status_code = answer.status
    response.headers["Location"] = f"/v1/comments/{answer.comment.id}"
    return answer.comment


def _accept(
    context: Context, principal: Principal, item: CommentIn, key: str | None, wait: int
) -> Answer:
    use_cases.count_write(context, principal)
    return use_cases.accept_comment(context, principal, item, key, wait)


@router.post(
    "/batch",
    status_code=use_cases.ACCEPTED,
    responses=problems(401, 403, 409, 413, 422, 429),
    summary="Accept up to 500 comments",
)
def post_batch(batch: BatchIn, principal: CommentsKey, context: Services) -> BatchOut:
    """Keep what is good; one bad item does not spoil the others.

    Give each comment an `external_id`, so that a batch can be sent again after a
    broken connection: what is known already is answered as it is now.
    """
    use_cases.count_write(context, principal)
    return batches.accept_batch(context, principal, batch.comments)


@router.get("/{comment_id}", responses=problems(401, 403, 404), summary="Read a comment")
def get_comment(comment_id: str, principal: ReadingKey, context: Services) -> CommentOut:
    """Return the comment as it is now."""
    return use_cases.get_comment(context, principal.site_id, parse_id(comment_id, "comment"))


@router.patch(
    "/{comment_id}",
    responses=problems(401, 403, 404, 409, 413, 422, 429),
    summary="Edit a comment",
)
def patch_comment(
    comment_id: str, edit: EditIn, principal: CommentsKey, context: Services
) -> CommentOut:
    """Add a revision; the comment is pending until the new text is decided."""
    use_cases.count_write(context, principal)
    return use_cases.edit_comment(context, principal, parse_id(comment_id, "comment"), edit.body)


@router.delete(
    "/{comment_id}", responses=problems(401, 403, 404, 409, 429), summary="Withdraw a comment"
)
def delete_comment(comment_id: str, principal: CommentsKey, context: Services) -> CommentOut:
    """Withdraw the comment for its author; readers no longer see it."""
    use_cases.count_write(context, principal)
    return use_cases.withdraw_comment(context, principal.site_id, parse_id(comment_id, "comment"))


@router.get(
    "/{comment_id}/history",
    responses=problems(401, 403, 404, 422),
    summary="Read a comment's history",
)
def get_history(
    comment_id: str,
    principal: ReadingKey,
    context: Services,
    page: Annotated[Page, Query()],
) -> HistoryOut:
    """Return every revision, assessment, decision and report, oldest first."""
    return history.get_history(
        context, principal.site_id, parse_id(comment_id, "comment"), page.after, page.limit
    )
