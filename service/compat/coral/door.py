"""Coral's door: its address, its size limit, and how it answers errors.

Coral treats every status but 200 as no answer, and goes on without the phase. Every error
that prevents a judgement therefore withholds the comment. Such an answer also tells a
stranger nothing.
"""

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from service.compat.coral.schemas import WITHHELD
from service.errors import NetiquetteError, NotFound, Unauthorized
from service.http.doors import Door
from service.telemetry.metrics import count_withheld

PREFIX = "/v1/integrations/coral/"

MAX_BODY = 256 * 1024
"""Largest request body in bytes. Validating a larger one would block the event loop for seconds."""

log = structlog.get_logger(__name__)


def render_error(error: NetiquetteError | HTTPException) -> Response | None:
    """Return the answer that withholds the comment; log and count the cause.

    Two errors keep our own form: a wrong signature (401), and an HTTP method that Coral
    never uses (405). For these, return None.
    """
    if isinstance(error, HTTPException):
        if error.status_code != NotFound.status:
            return None
        error = NotFound("path")
    if isinstance(error, Unauthorized):
        return None
    log.warning("coral_comment_withheld", cause=error.slug)
    count_withheld(error.slug)
    return JSONResponse(WITHHELD.model_dump(exclude_none=True, by_alias=True))


# The signature covers the body, so the use case checks it, not the middleware.
DOOR = Door(PREFIX, render_error, authenticate=None, max_body=MAX_BODY)
