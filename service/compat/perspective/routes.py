"""The routes of Perspective's two methods."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from service.analyses.labels import Suggestion, keep_label
from service.analyses.use_cases import analyze
from service.auth.dependencies import AnalyzeKey
from service.auth.rates import ANALYZE, count_length
from service.compat.perspective.answers import answer, check_attributes, text_to_score
from service.compat.perspective.attributes import ATTRIBUTES
from service.compat.perspective.door import PREFIX
from service.compat.perspective.errors import STATUSES, CommentError, ErrorDocument
from service.compat.perspective.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    SuggestRequest,
    SuggestResponse,
    TextEntry,
)
from service.http.callers import Caller
from service.http.context import Context

ORIGIN = "perspective"
"""The origin that labels of this door are stored with."""

router = APIRouter(
    prefix=PREFIX.rstrip("/"),
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
    request: AnalyzeRequest, caller: AnalyzeKey, context: Context
) -> AnalyzeResponse:
    """Return scores of the active model. The text is deleted once it is answered."""
    attributes = list(request.requested_attributes)
    # Off the event loop, since parsing HTML can take long.
    text = await run_in_threadpool(_read_to_score, context, caller, request.comment, attributes)
    return answer(request, text, await analyze(context, caller.site_id, text))


@router.post(
    "/comments:suggestscore",
    response_model_exclude_none=True,
    summary="Suggest a score (as Perspective's SuggestCommentScore)",
)
def suggest_score(request: SuggestRequest, caller: AnalyzeKey, context: Context) -> SuggestResponse:
    """Keep the text with the suggested scores, as a label for replay and calibration."""
    text = _read(request.comment, list(request.attribute_scores))
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
    suggestion = Suggestion(text, scores, request.languages, request.community_id)
    keep_label(context, caller.site_id, ORIGIN, suggestion)
    return SuggestResponse(client_token=request.client_token)


def _read_to_score(
    context: Context, caller: Caller, comment: TextEntry, attributes: list[str]
) -> str:
    """Return the text, and count its length; raises CommentError, or TooManyRequests."""
    text = _read(comment, attributes)
    count_length(context, caller, ANALYZE, text)
    return text


def _read(comment: TextEntry, attributes: list[str]) -> str:
    """Return the text to score; raises CommentError for a bad text or attribute."""
    text = text_to_score(comment)
    check_attributes(attributes)
    return text
