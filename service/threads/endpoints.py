"""The thread calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.auth.dependencies import CommentsKey
from service.comments.use_cases import count_write
from service.context import Services
from service.openapi import problems
from service.schemas import Key
from service.threads import use_cases
from service.threads.schemas import ThreadChanges, ThreadCommentsOut, ThreadQuery, ThreadState

router = APIRouter(prefix="/v1/threads", tags=["threads"])

ThreadKey = Annotated[Key, Path(description="The site's own key of the thread")]


@router.get(
    "/{key}/comments",
    responses=problems(401, 403, 404, 422),
    summary="Read a thread as its readers may see it",
)
def list_comments(
    key: ThreadKey,
    query: Annotated[ThreadQuery, Query()],
    principal: CommentsKey,
    context: Services,
) -> ThreadCommentsOut:
    """Return a page of comments; a thread is there once its first comment was posted."""
    return use_cases.list_comments(context, principal.site_id, key, query)


@router.patch(
    "/{key}", responses=problems(401, 403, 404, 422, 429), summary="Close, open or change a thread"
)
def patch_thread(
    key: ThreadKey, changes: ThreadChanges, principal: CommentsKey, context: Services
) -> ThreadState:
    """Set what is given; what is left out stays."""
    count_write(context, principal)
    return use_cases.change_thread(context, principal.site_id, key, changes)
