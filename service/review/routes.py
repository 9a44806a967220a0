"""The review calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.auth.dependencies import ReviewKey, ReviewWriteKey
from service.comments.schemas import CommentId, DecisionOut
from service.errors import (
    ClaimedByAnother,
    Conflict,
    IllegalTransition,
    NotFound,
    NotYourDecision,
    OutdatedDecision,
    UndoTooLate,
)
from service.http.context import Context
from service.http.openapi import problems
from service.moderators.asserted import Asserted
from service.review.claims import claim_comments, release_claim
from service.review.decisions import decide
from service.review.queue import read_queue
from service.review.schemas import (
    ClaimIn,
    ClaimsOut,
    DecisionId,
    DecisionIn,
    ModeratorHeader,
    OptionalModeratorHeader,
    QueueOut,
    QueueQuery,
    UndoIn,
)
from service.review.undo import undo_decision

router = APIRouter(prefix="/v1", tags=["review"])


@router.get(
    "/review/queue",
    operation_id="get_review_queue",
    summary="Read the comments that wait for a moderator",
)
def get_queue(
    query: Annotated[QueueQuery, Query()],
    caller: ReviewKey,
    context: Context,
    moderator: OptionalModeratorHeader = None,
) -> QueueOut:
    """Return flagged, reported and long-pending comments, with counts.

    With `Netiquette-Moderator`, that moderator's claims are marked as `own`.

    A comment is long-pending if it has been pending for minutes without a decision.
    """
    return read_queue(context, caller.site_id, query, moderator)


@router.post(
    "/review/claims", operation_id="claim_comments", summary="Claim comments for a moderator"
)
def post_claims(wanted: ClaimIn, caller: ReviewWriteKey, context: Context) -> ClaimsOut:
    """Claim the next comments for five minutes.

    To call again renews the moderator's claims, and adds comments up to `limit` in all.
    """
    who = wanted.moderator.asserted_by(caller)
    return claim_comments(context, caller.site_id, who, wanted, wanted.limit)


@router.delete(
    "/review/claims/{comment_id}",
    operation_id="release_claim",
    status_code=204,
    responses=problems(NotFound, ClaimedByAnother),
    summary="Release a claim",
)
def delete_claim(
    comment_id: CommentId, caller: ReviewWriteKey, context: Context, moderator: ModeratorHeader
) -> None:
    """Let others claim the comment again at once; a lead may release a colleague's claim."""
    release_claim(context, caller.site_id, comment_id, Asserted(moderator))


@router.post(
    "/comments/{comment_id}/decisions",
    operation_id="decide_comment",
    status_code=201,
    responses=problems(NotFound, OutdatedDecision, IllegalTransition, ClaimedByAnother),
    summary="Decide on a comment",
)
def post_decision(
    comment_id: CommentId, decision: DecisionIn, caller: ReviewWriteKey, context: Context
) -> DecisionOut:
    """Approve, reject or flag the revision that the moderator has read.

    A comment that a colleague has claimed can be decided by them, or by a lead.
    """
    return decide(
        context, caller.site_id, comment_id, decision.moderator.asserted_by(caller), decision
    )


@router.post(
    "/decisions/{decision_id}/undo",
    operation_id="undo_decision",
    status_code=201,
    responses=problems(NotFound, NotYourDecision, UndoTooLate, Conflict),
    summary="Undo a decision",
)
def post_undo(
    decision_id: DecisionId, undo: UndoIn, caller: ReviewWriteKey, context: Context
) -> DecisionOut:
    """Bring the comment back to the state before the decision, within ten seconds of it."""
    return undo_decision(context, caller.site_id, decision_id, undo.moderator.asserted_by(caller))
