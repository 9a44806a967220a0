"""Perspective's two methods."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from service.analyses.labels import fingerprint
from service.analyses.use_cases import analyze
from service.auth.dependencies import AnalyzeKey
from service.auth.keys import Principal
from service.comments.use_cases import count_write
from service.compat.perspective.answers import answer, check_attributes, text_to_score
from service.compat.perspective.attributes import ATTRIBUTES
from service.compat.perspective.errors import PATHS, STATUSES, CommentError, ErrorDocument
from service.compat.perspective.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    SuggestRequest,
    SuggestResponse,
    TextEntry,
)
from service.context import Context, Services
from service.tables import Label

ORIGIN = "perspective"

KIND = "analyze"
"""Of requests, to the key's limit: comments and analyses do not use up each other's."""

router = APIRouter(
    prefix=PATHS.rstrip("/"),
    tags=["perspective"],
    responses={
        status: {"model": ErrorDocument, "description": name} for status, name in STATUSES.items()
    },
)


@router.post(
    "/comments:analyze",
    response_model_exclude_none=True,
    summary="Score a text (as Perspective's AnalyzeComment)",
)
async def analyze_comment(
    request: AnalyzeRequest, principal: AnalyzeKey, context: Services
) -> AnalyzeResponse:
    """Return scores of the active model; the text is gone when the answer is."""
    attributes = list(request.requested_attributes)
    # HTML can take a while to read.
    text = await run_in_threadpool(_admit, context, principal, request.comment, attributes)
    return answer(request, text, await analyze(context, principal.site_id, text))


@router.post(
    "/comments:suggestscore",
    response_model_exclude_none=True,
    summary="Suggest a score (as Perspective's SuggestCommentScore)",
)
def suggest_score(
    request: SuggestRequest, principal: AnalyzeKey, context: Services
) -> SuggestResponse:
    """Keep the text with the suggested scores, as a label for replay and calibration."""
    text = _admit(context, principal, request.comment, list(request.attribute_scores))
    scores: dict[str, float] = {
        ATTRIBUTES[name]: scores.summary_score.value
        for name, scores in request.attribute_scores.items()
        if scores.summary_score
    }
    if not scores:
        raise CommentError(
            "Suggest a summaryScore for at least one attribute: labels are of whole texts.",
            "NO_SUGGESTED_SCORES",
        )
    with context.database.write() as session:
        session.add(
            Label(
                site_id=principal.site_id,
                origin=ORIGIN,
                body=text,
                body_sha256=fingerprint(text),
                scores=scores,
                languages=request.languages,
                community=request.community_id,
            )
        )
    return SuggestResponse(client_token=request.client_token)


def _admit(
    context: Context, principal: Principal, comment: TextEntry, attributes: list[str]
) -> str:
    """Count the request and return its text; raises TooManyRequests and CommentError."""
    count_write(context, principal, KIND)
    text = text_to_score(comment)
    check_attributes(attributes)
    return text
