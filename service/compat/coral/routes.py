"""The call of Coral's external moderation phase."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from service.compat.coral.answers import DEFAULT_TIMEOUT
from service.compat.coral.door import PREFIX
from service.compat.coral.schemas import PhaseResponse, described_request
from service.compat.coral.signatures import HEADER
from service.compat.coral.use_cases import judge_in_time
from service.errors import Unauthorized
from service.http.context import Context
from service.http.openapi import problems

router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["coral"])


@router.post(
    "/{site}",
    operation_id="moderate_coral_comment",
    response_model_exclude_none=True,
    responses=problems(Unauthorized),
    summary="Judge a comment for Coral's external moderation phase",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": described_request(),
                    "example": {"action": "NEW", "comment": {"body": "Du Idiot!"}},
                }
            },
        }
    },
)
async def moderate(
    site: str,
    request: Request,
    context: Context,
    signature: Annotated[str, Header(alias=HEADER)] = "",
    # A string, since FastAPI would reject a wrong number before the signature is checked.
    timeout: Annotated[  # noqa: ASYNC109 - Coral's word for how long it waits
        str, Query(description="Milliseconds, 100 to 10,000, as set in Coral")
    ] = DEFAULT_TIMEOUT,
) -> PhaseResponse:
    """Withhold a comment that the site's policy flags, or that cannot be judged in time.

    The phase never approves: an empty answer leaves the comment to Coral's other phases.
    Every error but a wrong signature withholds the comment as well.
    """
    return await judge_in_time(context, site, signature, await request.body(), timeout)
