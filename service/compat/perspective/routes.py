"""The routes of Perspective's two methods, and of their description."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from service.analyses.labels import Suggestion, keep_label
from service.analyses.use_cases import analyze
from service.auth.dependencies import AnalyzeKey
from service.auth.rates import ANALYZE, count_length
from service.compat.perspective.answers import answer, check_attributes, text_to_score
from service.compat.perspective.attributes import ATTRIBUTES
from service.compat.perspective.discovery import PATH, VERSION, describe
from service.compat.perspective.door import PREFIX
from service.compat.perspective.errors import STATUSES, CommentError, ErrorDocument, render_error
from service.compat.perspective.reading import JsonRoute
from service.compat.perspective.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    SuggestRequest,
    SuggestResponse,
    TextEntry,
)
from service.domain.languages import UNDETERMINED
from service.errors import NetiquetteError
from service.http.callers import Caller
from service.http.context import Context
from service.http.openapi import with_example

ORIGIN = "perspective"
"""The origin that labels of this door are stored with."""

DETECTION_SECONDS = 2.0
"""Most seconds that a suggestion waits for the language of its text, which is only told."""

router = APIRouter(tags=["perspective"], route_class=JsonRoute)

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorDocument, "description": name} for status, name in STATUSES.items()
}


@router.get(PATH, include_in_schema=False)
async def describe_methods(request: Request, version: str = VERSION) -> Response:
    """Return Google's description of the methods, which needs no key."""
    if version != VERSION:
        return render_error(HTTPException(404))
    return JSONResponse(describe(_root(request)))


@router.post(
    f"{PREFIX}comments:analyze",
    responses=ERRORS,
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
    drop = request.drop_unsupported_attributes
    # Off the event loop, since parsing HTML can take long.
    text = await run_in_threadpool(
        _read_to_score, context, caller, request.comment, attributes, drop=drop
    )
    result = await analyze(context, caller.site_id, text)
    return answer(request, text, result, caller.language)


@router.post(
    f"{PREFIX}comments:suggestscore",
    responses=ERRORS,
    operation_id="suggest_score",
    openapi_extra=with_example(
        comment={"text": "Du Idiot!"},
        attributeScores={"TOXICITY": {"summaryScore": {"value": 0.9}}},
    ),
    response_model_exclude_none=True,
    summary="Suggest a score (as Perspective's SuggestCommentScore)",
)
async def suggest_score(
    request: SuggestRequest, caller: AnalyzeKey, context: Context
) -> SuggestResponse:
    """Keep the text with the suggested scores, as a label for replay and calibration."""
    text = await run_in_threadpool(_read, request.comment, list(request.attribute_scores))
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
    # First, so that a suggestion is not kept twice when this fails and the caller tries again.
    detected = await _detect(context, caller.site_id, text)
    await run_in_threadpool(keep_label, context, caller.site_id, ORIGIN, suggestion)
    return SuggestResponse(
        requested_languages=request.languages,
        detected_languages=[detected],
        client_token=request.client_token,
    )


def _root(request: Request) -> str:
    """Return the address that the caller used, with a slash at its end.

    Any caller may say that a proxy took the request by https, since only that caller is answered.
    A client that was told http instead would send its key in the clear.
    """
    secure = request.headers.get("x-forwarded-proto", "").strip().lower() == "https"
    address = request.base_url
    return str(address.replace(scheme="https") if secure else address)


async def _detect(context: Context, site_id: UUID, text: str) -> str:
    """Return the language of the text; `und` also where no worker tells it in time."""
    try:
        return (await analyze(context, site_id, text, DETECTION_SECONDS)).language
    except NetiquetteError:
        return UNDETERMINED


def _read_to_score(
    context: Context, caller: Caller, comment: TextEntry, attributes: list[str], *, drop: bool
) -> str:
    """Return the text, and count its length; raises CommentError, or TooManyRequests."""
    text = _read(comment, attributes, drop=drop)
    count_length(context, caller, ANALYZE, text)
    return text


def _read(comment: TextEntry, attributes: list[str], *, drop: bool = False) -> str:
    """Return the text to score; raises CommentError for a bad text or attribute."""
    text = text_to_score(comment)
    check_attributes(attributes, drop=drop)
    return text
