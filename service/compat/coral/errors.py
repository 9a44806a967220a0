"""What Coral is told when anything goes wrong.

Coral takes every status but 200 for no answer, and goes on without the phase. So whatever
keeps us from a judgement withholds the comment, which tells a stranger nothing either.
"""

import structlog
from starlette.responses import JSONResponse, Response

from service.compat.coral.schemas import WITHHELD
from service.errors import NetiquetteError, Unauthorized
from service.telemetry.metrics import count_withheld

PATHS = "/v1/integrations/coral/"
"""What is called with a signature in place of a site key."""

log = structlog.get_logger(__name__)


def withholds(error: NetiquetteError) -> bool:
    """Tell whether the error withholds: all do but a signature that is nobody's."""
    return not isinstance(error, Unauthorized)


def withheld(error: NetiquetteError) -> Response:
    """Return the answer that withholds the comment for a person to look at; log and count why."""
    log.warning("coral_comment_withheld", cause=error.slug)
    count_withheld(error.slug)
    return JSONResponse(WITHHELD.model_dump(exclude_none=True, by_alias=True))
