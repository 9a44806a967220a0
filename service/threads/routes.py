"""The thread calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.auth.dependencies import CommentsKey, CommentsWriteKey
from service.errors import NotFound
from service.http.context import Context
from service.http.openapi import problems
from service.http.schemas import Key
from service.threads import use_cases
from service.threads.schemas import ThreadChanges, ThreadCommentsOut, ThreadQuery, ThreadState

router = APIRouter(prefix="/v1/threads", tags=["threads"])

ThreadKey = Annotated[Key, Path(description="The site's own key of the thread")]


@router.get(
    "/{key}/comments",
    responses=problems(NotFound),
    summary="Read a thread as its readers may see it",
)
def list_comments(
    key: ThreadKey,
    query: Annotated[ThreadQuery, Query()],
    caller: CommentsKey,
    context: Context,
) -> ThreadCommentsOut:
    """Return a page of comments; a thread exists once its first comment has been posted."""
    return use_cases.list_comments(context, caller.site_id, key, query)


@router.patch("/{key}", responses=problems(NotFound), summary="Close, open or change a thread")
def patch_thread(
    key: ThreadKey, changes: ThreadChanges, caller: CommentsWriteKey, context: Context
) -> ThreadState:
    """Set the fields that are given; a field that is left out stays as it is."""
    return use_cases.change_thread(context, caller.site_id, key, changes)
