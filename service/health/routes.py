"""Liveness and readiness."""

from fastapi import APIRouter, Response

from service.errors import Unavailable
from service.health.use_cases import Readiness, check_readiness
from service.http.context import Context
from service.http.openapi import problems

router = APIRouter(tags=["health"])

NOT_READY = "No comment can be accepted, or none yet"


@router.get("/healthz", summary="Liveness")
async def healthz() -> dict[str, str]:
    """Answer while the process can answer at all; asks nothing of anybody else."""
    return {"status": "ok"}


@router.head("/healthz", response_class=Response, summary="Liveness, without a body")
async def healthz_head() -> Response:
    """Answer as GET does, for load balancers that ask so."""
    return Response()


@router.get(
    "/readyz",
    responses={503: problems(Unavailable)[503] | {"model": Readiness, "description": NOT_READY}},
    summary="Readiness",
)
def readyz(context: Context, response: Response) -> Readiness:
    """Answer 200 once a comment can be accepted and scored; then 503 only if none is accepted."""
    readiness = check_readiness(context)
    if readiness.status == "starting":
        response.status_code = 503
    return readiness


@router.head(
    "/readyz",
    response_class=Response,
    responses={503: {"description": NOT_READY}},
    summary="Readiness, without a body",
)
def readyz_head(context: Context) -> Response:
    """Answer as GET does, for load balancers that ask so."""
    answer = Response()
    readyz(context, answer)
    return answer
