"""The review calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.auth.dependencies import ReviewKey
from service.comments.schemas import DecisionOut
from service.comments.use_cases import count_write
from service.context import Services
from service.ids import parse_id
from service.openapi import problems
from service.review.claims import claim
from service.review.decisions import decide
from service.review.queue import read_queue
from service.review.schemas import (
    ClaimIn,
    ClaimsOut,
    DecisionIn,
    ModeratorHeader,
    QueueOut,
    QueueQuery,
    UndoIn,
)
from service.review.undo import undo_decision

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
    """Return flagged and reported comments, and those not decided by the policy for minutes."""
    return read_queue(context, principal.site_id, query)


@router.post(
    "/review/claims",
    responses=problems(401, 403, 413, 422, 429),
    summary="Claim comments for a moderator",
)
def post_claims(wanted: ClaimIn, principal: ReviewKey, context: Services) -> ClaimsOut:
    """Hold the next comments for five minutes; asking again renews and fills up."""
    count_write(context, principal)
    return claim(context, principal.site_id, wanted)


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
    return decide(context, principal.site_id, parse_id(comment_id, "comment"), decision)


@router.post(
    "/decisions/{decision_id}/undo",
    status_code=201,
    responses=problems(401, 403, 404, 409, 413, 422, 429),
    summary="Undo a decision",
)
def post_undo(
    decision_id: str, undo: UndoIn, principal: ReviewKey, context: Services
) -> DecisionOut:
    """Bring the comment back to the state before, within ten seconds."""
    count_write(context, principal)
    return undo_decision(context, principal.site_id, parse_id(decision_id, "decision"), undo)
