"""The review calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.auth.dependencies import ReviewKey
from service.comments.schemas import DecisionOut
from service.comments.use_cases import count_write
from service.context import Services
from service.ids import parse_id
from service.openapi import problems
from service.review import use_cases
from service.review.schemas import DecisionIn, ModeratorHeader, QueueOut, QueueQuery

router = APIRouter(prefix="/v1", tags=["review"])


@router.get(
    "/review/queue",
    responses=problems(401, 403, 422),
    summary="Read what waits for a moderator",
)
def get_queue(
    query: Annotated[QueueQuery, Query()],
    principal: ReviewKey,
    context: Services,
    _moderator: ModeratorHeader = None,
) -> QueueOut:
    """Return flagged comments, and those that the policy has not decided for minutes."""
    return use_cases.read_queue(context, principal.site_id, query)


@router.post(
    "/comments/{comment_id}/decisions",
    status_code=201,
    responses=problems(401, 403, 404, 409, 413, 422, 429),
    summary="Decide on a comment",
)
def post_decision(
    comment_id: str, decision: DecisionIn, principal: ReviewKey, context: Services
) -> DecisionOut:
    """Approve, reject or flag the revision that the moderator has read."""
    count_write(context, principal)
    return use_cases.decide(context, principal.site_id, parse_id(comment_id, "comment"), decision)
