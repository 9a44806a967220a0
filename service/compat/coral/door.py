"""Coral's door: its address, its limit, and what Coral is told when anything goes wrong.

Coral takes every status but 200 for no answer, and goes on without the phase. Whatever
keeps us from a judgement therefore withholds the comment, which tells a stranger nothing
either.
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
"""Bytes: validating a larger document takes seconds, on the event loop."""

log = structlog.get_logger(__name__)


def render_error(error: NetiquetteError | HTTPException) -> Response | None:
    """Return the answer that withholds the comment; log and count why.

    Two errors have our own form: a signature that is nobody's (401), and a method that
    Coral never calls with (405).
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


# Requests are signed over their body, so the use case checks them.
DOOR = Door(PREFIX, render_error, authenticate=None, max_body=MAX_BODY)
