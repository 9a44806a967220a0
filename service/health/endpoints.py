"""Liveness and readiness."""

from fastapi import APIRouter, Response

from service.context import Services
from service.health.use_cases import Readiness, check_readiness

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Liveness")
async def healthz() -> dict[str, str]:
    """Answer while the process can answer at all; asks nothing of anybody else."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "No comment can be accepted, or none yet"}},
    summary="Readiness",
)
def readyz(context: Services, response: Response) -> Readiness:
    """Answer 200 once a comment can be accepted and scored; then 503 only if none is accepted."""
    readiness = check_readiness(context)
    if readiness.status == "starting":
        response.status_code = 503
    return readiness
