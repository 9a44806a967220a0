"""Errors in Google's form: google.rpc.Status as JSON (AIP-193).

The shapes and the `errorType`s are Perspective's, since its clients branch on them. The
messages are ours, since they tell what to do in this installation.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.domain.texts import MAX_ANALYSED
from service.errors import Invalid, NetiquetteError, TooManyRequests

_TYPES = "type.googleapis.com/"
_SERVICE = {"service": "commentanalyzer.googleapis.com"}

STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""HTTP status → google.rpc.Code. A status that is missing here is answered as 400."""


class ErrorBody(BaseModel):
    """An error in Google's form; programs read `details`, people the message."""

    code: int
    message: str
    status: str
    details: list[dict[str, Any]] | None = None


class ErrorDocument(BaseModel):
    """The answer to a request that failed."""

    error: ErrorBody


class PerspectiveError(NetiquetteError):
    """A mistake in a request, in Perspective's form."""

    status, slug, title = 400, "perspective", "The request is not valid"

    @property
    def details(self) -> list[dict[str, Any]]:
        """The details that programs read."""
        return []


class InvalidApiKey(PerspectiveError):
    """The key in the query is unknown or revoked."""

    @property
    def details(self) -> list[dict[str, Any]]:
        """The details, with Google's reason for a key that is not valid."""
        return [_info("API_KEY_INVALID")]


class MissingApiKey(PerspectiveError):
    """There is no key in the query."""

    status = 403


class CommentError(PerspectiveError):
    """An error of Perspective's own type, with its `errorType` and further fields."""

    def __init__(self, detail: str, error_type: str, more: Mapping[str, Any] | None = None) -> None:
        """Keep `more` as the fields beside the `errorType`."""
        super().__init__(detail)
        self._error_type = error_type
        self._more = dict(more or {})

    @property
    def details(self) -> list[dict[str, Any]]:
        """The details, in the form of Perspective's reference."""
        kind = f"{_TYPES}google.commentanalyzer.v1alpha1.Error"
        return [{"@type": kind, "errorType": self._error_type, **self._more}]


def render_error(error: NetiquetteError | HTTPException) -> Response:
    """Return any error in Google's form."""
    if isinstance(error, NetiquetteError):
        status = error.status if error.status in STATUSES else 400
        return _response(status, error.detail, _details(error), error.headers)
    status = 404 if error.status_code in {404, 405} else 400
    sentence = (
        "There is no such method. POST to /v1alpha1/comments:analyze or comments:suggestscore."
        if status == 404
        else f"The request cannot be read. Send JSON of at most {MAX_ANALYSED:,} bytes of text."
    )
    return _response(status, sentence, [], {})


def _response(
    status: int, message: str, details: Sequence[dict[str, Any]], headers: Mapping[str, str]
) -> Response:
    body = ErrorBody(
        code=status, message=message, status=STATUSES[status], details=list(details) or None
    )
    document = ErrorDocument(error=body).model_dump(exclude_none=True)
    # In ASCII: a name that was sent may hold a lone surrogate, which UTF-8 cannot encode.
    return Response(json.dumps(document), status, dict(headers), "application/json")


def _details(error: NetiquetteError) -> list[dict[str, Any]]:
    if isinstance(error, PerspectiveError):
        return error.details
    if isinstance(error, TooManyRequests):
        delay = {"@type": f"{_TYPES}google.rpc.RetryInfo", "retryDelay": f"{error.retry_after}s"}
        return [_info("RATE_LIMIT_EXCEEDED"), delay]
    if isinstance(error, Invalid):
        violations = [
            {"field": _path(item["pointer"]), "description": item["detail"]}
            for item in error.extra.get("errors", ())
        ]
        return [{"@type": f"{_TYPES}google.rpc.BadRequest", "fieldViolations": violations}]
    return []


def _info(reason: str) -> dict[str, Any]:
    return {
        "@type": f"{_TYPES}google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": _SERVICE,
    }


def _path(pointer: str) -> str:
    """Return a JSON pointer as a path in Google's form, such as `comment.text`."""
    return pointer.removeprefix("/").replace("/", ".")
