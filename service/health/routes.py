"""The health checks of the HTTP contract: liveness and readiness."""

from fastapi import APIRouter, Response

from service.errors import Unavailable
from service.health.use_cases import Readiness, check_readiness
from service.http.context import Context
from service.http.openapi import problems

router = APIRouter(tags=["health"])

NOT_READY = "No comment can be accepted, or no worker has been ready to score one yet"


@router.get("/healthz", operation_id="get_liveness", summary="Liveness")
async def healthz() -> dict[str, str]:
    """Answer 200 while the process runs; the check depends on no other service."""
    return {"status": "ok"}


@router.head(
    "/healthz",
    operation_id="head_liveness",
    response_class=Response,
    summary="Liveness, without a body",
)
async def healthz_head() -> Response:
    """Answer as GET does, for load balancers that send HEAD."""
    return Response()


@router.get(
    "/readyz",
    operation_id="get_readiness",
    responses={503: problems(Unavailable)[503] | {"model": Readiness, "description": NOT_READY}},
    summary="Readiness",
)
def readyz(context: Context, response: Response) -> Readiness:
    """Answer 200 once comments can be accepted and scored; later, 503 if none can be accepted."""
    readiness = check_readiness(context)
    if readiness.status == "starting":
        response.status_code = 503
    return readiness


@router.head(
    "/readyz",
    operation_id="head_readiness",
    response_class=Response,
    responses={503: {"description": NOT_READY}},
    summary="Readiness, without a body",
)
def readyz_head(context: Context) -> Response:
    """Answer as GET does, for load balancers that send HEAD."""
    answer = Response()
    readyz(context, answer)
    return answer
