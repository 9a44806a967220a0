"""The event call of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.auth.dependencies import EventsKey
from service.errors import Gone
from service.events.schemas import EventsOut, EventsQuery
from service.events.use_cases import read_events
from service.http.context import Context
from service.http.openapi import problems
from service.http.prefer import Prefer, preferred_wait

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.get(
    "",
    operation_id="list_events",
    responses=problems(Gone),
    summary="Read the site's events in order",
)
async def get_events(
    query: Annotated[EventsQuery, Query()],
    request: Request,
    response: Response,
    caller: EventsKey,
    context: Context,
    _prefer: Prefer = None,
) -> EventsOut:
    """Return the events after number `after`; `Prefer: wait=N` waits for one, at most 10 s.

    Store `next` and continue from it, so that you miss no event, not even after an outage.
    If events after that number were deleted meanwhile, the answer is 410 and names the
    `oldest` event that is kept.
    """
    page = await run_in_threadpool(read_events, context, caller.site_id, query)
    wait = preferred_wait(request.headers)
    if wait and not page.items:
        if await context.event_waiters.wait((caller.site_id, query.after), wait):
            response.headers["Preference-Applied"] = f"wait={wait}"
        page = await run_in_threadpool(read_events, context, caller.site_id, query)
    return page
