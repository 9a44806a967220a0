"""The routes of Perspective's two methods."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from service.analyses.labels import Suggestion, keep_label
from service.analyses.use_cases import analyze
from service.auth.dependencies import AnalyzeKey
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
from service.http.context import Context
from service.http.openapi import with_example

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
    operation_id="analyze_comment",
    openapi_extra=with_example(
        comment={"text": "Du Idiot!"}, requestedAttributes={"TOXICITY": {}}, languages=["de"]
    ),
    response_model_exclude_none=True,
    summary="Score a text (as Perspective's AnalyzeComment)",
)
async def analyze_comment(
    request: AnalyzeRequest, caller: AnalyzeKey, context: Context
) -> AnalyzeResponse:
    """Return scores of the active model. The text is deleted once it is answered."""
    attributes = list(request.requested_attributes)
    # Off the event loop, since parsing HTML can take long.
    text = await run_in_threadpool(_read, request.comment, attributes)
    return answer(request, text, await analyze(context, caller.site_id, text))


@router.post(
    "/comments:suggestscore",
    operation_id="suggest_score",
    openapi_extra=with_example(
        comment={"text": "Du Idiot!"},
        attributeScores={"TOXICITY": {"summaryScore": {"value": 0.9}}},
    ),
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


def _read(comment: TextEntry, attributes: list[str]) -> str:
    """Return the text to score; raises CommentError for a bad text or attribute."""
    text = text_to_score(comment)
    check_attributes(attributes)
    return text
