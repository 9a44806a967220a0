"""Turn a request and the model's scores into Perspective's answer. Pure functions."""

from collections.abc import Sequence

from service.analyses.results import Result
from service.compat.html import shown_text
from service.compat.perspective.attributes import ATTRIBUTES
from service.compat.perspective.errors import CommentError
from service.compat.perspective.schemas import (
    AnalyzeRequest,
    AnalyzeResponse,
    AttributeParameters,
    AttributeScores,
    Score,
    SpanScore,
    TextEntry,
)
from service.domain.texts import MAX_ANALYSED, is_blank

UNDETERMINED = "und"

_RENAMED = {"in": "id", "iw": "he", "ji": "yi"}
"""Codes of ISO 639 that were renamed in 1989, old → new. Google's clients still send the old."""


def text_to_score(comment: TextEntry) -> str:
    """Return the text to score; raises CommentError where it is blank or too long."""
    size = len(comment.text.encode())
    if size > MAX_ANALYSED:
        raise CommentError(
            f"Comment text has {size} bytes, and at most {MAX_ANALYSED} are allowed. Send a part.",
            "COMMENT_TOO_LONG",
        )
    text = shown_text(comment.text) if comment.type == "HTML" else comment.text
    if is_blank(text):
        raise CommentError("Comment must be non-empty.", "COMMENT_EMPTY")
    return text


def check_attributes(names: Sequence[str]) -> None:
    """Raise CommentError where no attribute is named, or an unknown one."""
    if not names:
        raise CommentError(
            "No requested attributes. Name at least one, such as TOXICITY.",
            "NO_REQUESTED_ATTRIBUTES",
        )
    for name in names:
        if name not in ATTRIBUTES:
            raise CommentError(
                f"Unknown attribute: {name[:50]}. There are {', '.join(ATTRIBUTES)}.",
                "UNKNOWN_ATTRIBUTE",
                {"attribute": name[:50]},
            )


def answer(request: AnalyzeRequest, text: str, result: Result) -> AnalyzeResponse:
    """Return the requested scores as Perspective's answer.

    Raises CommentError for an attribute that the model lacks, since no number is made up.
    Raises it also for a language that the model is not calibrated for, unless the caller
    allows that.
    """
    detected = [result.language]
    languages = request.languages or detected
    calibrated = all(_primary(code) in result.languages for code in languages)
    for name in request.requested_attributes:
        if ATTRIBUTES[name] not in result.scores:
            raise _lacking(name, result)
        if not (calibrated or request.allow_uncalibrated):
            raise _unsupported(name, request, result)
    mark = None if calibrated else False
    scores = {
        name: _scores(request, name, text, result, mark)
        for name, parameters in request.requested_attributes.items()
        if _is_wanted(parameters, result.scores[ATTRIBUTES[name]])
    }
    return AnalyzeResponse(
        attribute_scores=scores,
        languages=languages,
        detected_languages=detected,
        client_token=request.client_token,
    )


def _primary(code: str) -> str:
    """Return the primary language of a tag (RFC 5646, section 2.2.1), old codes renamed."""
    primary = code.partition("-")[0]
    return _RENAMED.get(primary, primary)


def _is_wanted(parameters: AttributeParameters, score: float) -> bool:
    return score >= parameters.score_threshold


def _scores(
    request: AnalyzeRequest, name: str, text: str, result: Result, calibrated: bool | None
) -> AttributeScores:
    attribute = ATTRIBUTES[name]
    summary = Score(value=result.scores[attribute], calibrated=calibrated)
    if request.comment.type == "HTML":
        # Offsets are of the visible text, and would be wrong in the HTML that was sent.
        return AttributeScores(summary_score=summary)
    spans = [
        SpanScore(
            begin=span.start, end=span.end, score=Score(value=span.score, calibrated=calibrated)
        )
        for span in result.spans
        if request.span_annotations and span.attribute == attribute
    ]
    whole = SpanScore(begin=0, end=len(text), score=summary)
    return AttributeScores(summary_score=summary, span_scores=spans or [whole])


def _lacking(name: str, result: Result) -> CommentError:
    there = [known for known, attribute in ATTRIBUTES.items() if attribute in result.scores]
    return CommentError(
        f"The active model has no attribute {name}. Ask for {', '.join(there)}, or have the "
        "operator activate a model that has it.",
        "UNKNOWN_ATTRIBUTE",
        {"attribute": name},
    )


def _unsupported(name: str, request: AnalyzeRequest, result: Result) -> CommentError:
    languages = request.languages or [result.language]
    known = ", ".join(result.languages)
    advice = (
        f'The language could not be detected: name it in "languages" ({known}).'
        if languages == [UNDETERMINED]
        else f"The active model is calibrated for {known}."
    )
    return CommentError(
        f"Attribute {name} does not support request languages: {', '.join(languages)}. {advice} "
        'With "allowUncalibrated": true you get a score that is marked as not calibrated.',
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        {
            "languageNotSupportedByAttributeError": {
                "detectedLanguages": [result.language],
                "requestedLanguages": request.languages,
                "attribute": name,
            }
        },
    )
