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
from service.compat.perspective.spans import passages_of, utf16_offsets
from service.domain.languages import primary
from service.domain.texts import MAX_ANALYSED, is_blank


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


def check_attributes(names: Sequence[str], *, drop: bool = False) -> None:
    """Raise CommentError where no attribute is named, or an unknown one.

    With `drop`, unknown ones may stand among others, and are left out later.
    """
    if not names:
        raise CommentError(
            "No requested attributes. Name at least one, such as TOXICITY.",
            "NO_REQUESTED_ATTRIBUTES",
        )
    unknown = [name for name in names if name not in ATTRIBUTES]
    if unknown and not (drop and len(unknown) < len(names)):
        raise _unknown(unknown[0])


def answer(request: AnalyzeRequest, text: str, result: Result, main: str) -> AnalyzeResponse:
    """Return the requested scores as Perspective's answer; `main` is the callers' main language.

    Raises CommentError for an attribute that the model lacks, since no number is made up, unless
    the caller has those dropped and others are left. Raises it also for a language that the
    model is not calibrated for, unless the caller allows that.
    """
    languages = request.languages or [result.counts_as(main)]
    calibrated = all(primary(code) in result.languages for code in languages)
    wanted = _there(request, result)
    if not (calibrated or request.allow_uncalibrated):
        raise _unsupported(next(iter(wanted)), languages, request, result)
    mark = None if calibrated else False
    scores = {
        name: _scores(request, name, text, result, mark)
        for name, parameters in wanted.items()
        if result.scores[ATTRIBUTES[name]] >= parameters.score_threshold
    }
    return AnalyzeResponse(
        attribute_scores=scores,
        languages=languages,
        detected_languages=[result.language],
        client_token=request.client_token,
    )


def _there(request: AnalyzeRequest, result: Result) -> dict[str, AttributeParameters]:
    """Return the requested attributes that the model has, at least one."""
    requested = request.requested_attributes
    there = {name: of for name, of in requested.items() if ATTRIBUTES.get(name) in result.scores}
    if len(there) < len(requested) and not (there and request.drop_unsupported_attributes):
        raise _lacking(next(name for name in requested if name not in there), result)
    return there


def _scores(
    request: AnalyzeRequest, name: str, text: str, result: Result, calibrated: bool | None
) -> AttributeScores:
    attribute = ATTRIBUTES[name]
    summary = Score(value=result.scores[attribute], calibrated=calibrated)
    if request.comment.type == "HTML":
        # Offsets are of the visible text, and would be wrong in the HTML that was sent.
        return AttributeScores(summary_score=summary)
    offset = utf16_offsets(text)
    passages = passages_of(attribute, result.spans) if request.span_annotations else []
    spans = [
        SpanScore(
            begin=offset[passage.start],
            end=offset[passage.end],
            score=Score(value=passage.score, calibrated=calibrated),
        )
        for passage in passages
    ]
    whole = SpanScore(begin=0, end=offset[-1], score=summary)
    return AttributeScores(summary_score=summary, span_scores=spans or [whole])


def _unknown(name: str) -> CommentError:
    return CommentError(
        f"Unknown attribute: {name[:50]}. There are {', '.join(ATTRIBUTES)}.",
        "UNKNOWN_ATTRIBUTE",
        {"attribute": name[:50]},
    )


def _lacking(name: str, result: Result) -> CommentError:
    if name not in ATTRIBUTES:
        return _unknown(name)
    there = [known for known, attribute in ATTRIBUTES.items() if attribute in result.scores]
    return CommentError(
        f"The active model has no attribute {name}. Ask for {', '.join(there)}, or have the "
        "operator activate a model that has it.",
        "UNKNOWN_ATTRIBUTE",
        {"attribute": name},
    )


def _unsupported(
    name: str, languages: Sequence[str], request: AnalyzeRequest, result: Result
) -> CommentError:
    """Return the error for languages without calibration.

    Its sentence is Google's to the last character, since clients read the languages from it.
    """
    return CommentError(
        f"Attribute {name} does not support request languages: {', '.join(languages)}",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        {
            "languageNotSupportedByAttributeError": {
                "detectedLanguages": [result.language],
                "requestedLanguages": request.languages,
                "attribute": name,
            },
            "advice": f"The active model is calibrated for {', '.join(result.languages)}. With "
            '"allowUncalibrated": true you get a score that is marked as not calibrated.',
        },
    )
