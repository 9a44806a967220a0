"""The thread calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.auth.dependencies import ReadingKey, ReadingWriteKey
from service.errors import MissingScope, NotFound
from service.http.callers import Scope
from service.http.context import Context
from service.http.openapi import problems
from service.http.schemas import Key
from service.threads import use_cases
from service.threads.schemas import ThreadChanges, ThreadCommentsOut, ThreadQuery, ThreadState

router = APIRouter(prefix="/v1/threads", tags=["threads"])

ThreadKey = Annotated[Key, Path(description="The site's own key of the thread")]


@router.get(
    "/{key}/comments",
    operation_id="list_thread_comments",
    responses=problems(NotFound),
    summary="Read a thread as its readers may see it",
)
def list_comments(
    key: ThreadKey,
    query: Annotated[ThreadQuery, Query()],
    caller: ReadingKey,
    context: Context,
) -> ThreadCommentsOut:
    """Return a page of comments; a thread exists once its first comment has been posted."""
    return use_cases.list_comments(context, caller.site_id, key, query)


@router.get(
    "/{key}", operation_id="get_thread", responses=problems(NotFound), summary="Read a thread"
)
def get_thread(key: ThreadKey, caller: ReadingKey, context: Context) -> ThreadState:
    """Return the thread itself: whether it is open, its title, and when it is moderated."""
    return use_cases.read_thread(context, caller.site_id, key)


@router.patch(
    "/{key}",
    operation_id="change_thread",
    responses=problems(NotFound),
    summary="Close, open or change a thread",
)
def patch_thread(
    key: ThreadKey, changes: ThreadChanges, caller: ReadingWriteKey, context: Context
) -> ThreadState:
    """Set the fields that are given; a field that is left out stays as it is.

    A key with the scope `review` alone may send `open`, and nothing else.
    """
    if Scope.COMMENTS not in caller.scopes and changes.model_fields_set - {"open"}:
        raise MissingScope("Send `open` alone, or a key with the scope comments.")
    return use_cases.change_thread(context, caller.site_id, key, changes)
