"""The event call of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.auth.dependencies import allow
from service.auth.keys import Principal, Scope
from service.comments.preferences import preferred_wait
from service.context import Services
from service.events.schemas import EventsOut, EventsQuery
from service.events.use_cases import read_events
from service.openapi import problems

router = APIRouter(prefix="/v1/events", tags=["events"])

# Events hold neither texts nor names, so whoever follows them needs no other right.
EventsKey = Annotated[Principal, Depends(allow(Scope.COMMENTS, Scope.REVIEW, Scope.ADMIN))]


@router.get("", responses=problems(401, 403, 410, 422), summary="Read the site's events in order")
async def get_events(
    query: Annotated[EventsQuery, Query()],
    request: Request,
    response: Response,
    principal: EventsKey,
    context: Services,
) -> EventsOut:
    """Return what follows number `after`; with `Prefer: wait=N` (at most 10 s) wait for it.

    Keep `next` and go on from it, also after a day's outage: nothing is missed. Where
    events were deleted meanwhile, the answer is 410 and names the `oldest` one kept.
    """
    page = await run_in_threadpool(read_events, context, principal.site_id, query)
    wait = preferred_wait(request.headers)
    if wait and not page.items:
        if await context.event_waiters.wait((principal.site_id, query.after), wait):
            response.headers["Preference-Applied"] = f"wait={wait}"
        page = await run_in_threadpool(read_events, context, principal.site_id, query)
    return page
