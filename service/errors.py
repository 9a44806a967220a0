"""The errors that the API answers with, each with its RFC 9457 problem document.

Any code may raise them; only `service.http.problems` turns them into HTTP responses.
The `slug` is stable: clients branch on `type`, never on the text.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

TYPE_PREFIX = "urn:netiquette:problem:"


class NetiquetteError(Exception):
    """The service failed in a way that nobody foresaw; the operator finds it in the log.

    The base of all errors of the API; their `detail` tells the caller what to do.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, **extra: Any) -> None:
        """Keep `detail`, which says what to do; `extra` becomes members of the document."""
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers that belong to this error."""
        return {}

    def problem(self) -> dict[str, Any]:
        """Return the problem document (RFC 9457, section 3.1)."""
        return {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }


class BadRequest(NetiquetteError):
    """The request cannot be read."""

    status, slug, title = 400, "bad-request", "The request cannot be read"


class UnknownHost(BadRequest):
    """The Host header names no host of this service."""

    slug, title = "unknown-host", "The host is not known here"


class Unauthorized(NetiquetteError):
    """The request has no site key, or one that is unknown or revoked."""

    status, slug, title = 401, "unauthorized", "A valid site key is needed"

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that names the authentication scheme (RFC 6750, section 3)."""
        return {"WWW-Authenticate": 'Bearer realm="netiquette"'}


class Forbidden(NetiquetteError):
    """The key lacks the scope, or the member may not write."""

    status, slug, title = 403, "forbidden", "Not allowed"


class MissingScope(Forbidden):
    """The key is valid, but lacks the scope that this call needs."""

    slug, title = "missing-scope", "The key lacks a scope"


class MemberSuspended(Forbidden):
    """The member is suspended and may not write until the suspension ends."""

    slug, title = "member-suspended", "The member is suspended"


class MemberBanned(Forbidden):
    """The member is banned and may not write."""

    slug, title = "member-banned", "The member is banned"


class ThreadClosed(Forbidden):
    """The thread is closed and takes no new comments or edits."""

    slug, title = "thread-closed", "The thread is closed"


class NotFound(NetiquetteError):
    """The site has nothing with this id or key."""

    status, slug, title = 404, "not-found", "Not found"

    def __init__(self, what: str) -> None:
        """Name the kind of thing in `what`, never the id that was asked for."""
        super().__init__(f"There is no such {what} on this site.")


class MethodNotAllowed(NetiquetteError):
    """The path does not take this method; the Allow header names those that it takes."""

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class Conflict(NetiquetteError):
    """The request contradicts what is stored."""

    status, slug, title = 409, "conflict", "The request contradicts what is stored"


class OutdatedDecision(Conflict):
    """The decision names a revision or state that is no longer current."""

    slug, title = "outdated", "The comment has changed since it was read"


class IllegalTransition(Conflict):
    """The comment's state does not allow this change."""

    slug, title = "illegal-transition", "The comment's state does not allow this change"


class ExternalIdTaken(Conflict):
    """Another comment of the site already has this external id."""

    slug, title = "external-id-taken", "The external id belongs to a different comment"


class ClaimedByAnother(Conflict):
    """Another moderator has claimed the comment."""

    slug, title = "claimed", "Another moderator has claimed this comment"


class TooManyRevisions(Conflict):
    """The comment has as many revisions as one may have."""

    slug, title = "too-many-revisions", "The comment was edited too often"


class UndoTooLate(Conflict):
    """The undo window of the decision has passed, or the comment has changed since."""

    slug, title = "undo-too-late", "The decision can no longer be undone"


class NotYourDecision(Forbidden):
    """The decision is a colleague's; only its moderator or a lead may undo it."""

    slug, title = "not-your-decision", "Another moderator made this decision"


class NotReportable(Conflict):
    """The comment is rejected or withdrawn, so readers no longer see it."""

    slug, title = "not-reportable", "The comment can no longer be reported"


class EndpointDisabled(Conflict):
    """The endpoint is disabled; the service sends it nothing until it is enabled."""

    slug, title = "endpoint-disabled", "The endpoint is disabled"


class TooManyEndpoints(Conflict):
    """The site already has the largest number of endpoints that a site may have."""

    slug, title = "too-many-endpoints", "The site has too many endpoints"


class RequestInFlight(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    slug, title = "request-in-flight", "The first request with this key is still running"


class Gone(NetiquetteError):
    """What was asked for existed, but is no longer kept."""

    status, slug, title = 410, "gone", "No longer kept"


class TooLarge(NetiquetteError):
    """The request body is over the size limit."""

    status, slug, title = 413, "too-large", "The request body is too large"


class UnsupportedEncoding(NetiquetteError):
    """The request body is packed in a way that is not read here."""

    status, slug, title = 415, "unsupported-encoding", "The body's encoding is not supported"

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that names the codings that are read (RFC 9110, section 15.5.16)."""
        return {"Accept-Encoding": "gzip"}


class Invalid(NetiquetteError):
    """The request is readable but not acceptable; `errors` holds JSON pointers."""

    status, slug, title = 422, "invalid", "The request is not valid"

    @classmethod
    def at(cls, pointer: str, message: str) -> "Invalid":
        """Return the error for one place in the body (JSON pointer, RFC 6901)."""
        return cls(message, errors=[{"pointer": pointer, "detail": message}])


class IdempotencyKeyReused(Invalid):
    """An earlier request with this Idempotency-Key had a different body."""

    slug, title = "idempotency-key-reused", "The Idempotency-Key belongs to a different request"


class TooManyRequests(NetiquetteError):
    """A rate limit was reached."""

    status, slug, title = 429, "rate-limited", "Too many requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        """Keep `retry_after`, the whole seconds until the next request will pass."""
        super().__init__(detail, retry_after=retry_after)
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that says when to try again (RFC 9110, section 10.2.3)."""
        return {"Retry-After": str(self.retry_after)}


class TooManyPending(TooManyRequests):
    """As many comments of the site wait to be scored as may; the comment was not kept."""

    slug, title = "too-many-pending", "Too many comments of the site wait"


class Unavailable(NetiquetteError):
    """The service cannot do its work for now; the request stored nothing."""

    status, slug, title = 503, "unavailable", "Try again shortly"

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that asks for a pause of 2 seconds (RFC 9110, section 10.2.3)."""
        return {"Retry-After": "2"}


class AnalysesBusy(Unavailable):
    """No worker could score the text soon; the request stored nothing."""

    slug, title = "analyses-busy", "Too busy to score a text now"


class AnalysisTimeout(NetiquetteError):
    """The workers did not score the text within the caller's waiting time."""

    status, slug, title = 504, "analysis-timeout", "The scores did not come in time"


class Unscorable(NetiquetteError):
    """The model fails on this text but works on others, so a retry would not help."""

    status, slug, title = 422, "unscorable", "The model cannot score this text"


class NotConfigured(NetiquetteError):
    """The call needs a setting that the operator has not set."""

    status, slug, title = 503, "not-configured", "Not set up on this installation"


class HttpError(NetiquetteError):
    """Another error of HTTP, which `status` names (RFC 9110, section 15)."""

    slug, title = "http-error", "An error of HTTP"
