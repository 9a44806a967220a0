"""Every error that a caller can meet, and its RFC 9457 form.

Raised where it is found, mapped to HTTP in `service.http.problems` only. The `slug`
is stable: clients branch on `type`, never on the text.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

TYPE_PREFIX = "urn:netiquette:problem:"


class NetiquetteError(Exception):
    """An error that tells its caller what to do."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, **extra: Any) -> None:
        """`detail` says what to do about it; `extra` becomes members of the problem document."""
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers that belong to this error."""
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
    """The request was sent to a host name that is not ours."""

    slug, title = "unknown-host", "The host is not known here"


class Unauthorized(NetiquetteError):
    """No key, or one that is unknown or revoked."""

    status, slug, title = 401, "unauthorized", "A valid site key is needed"

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the scheme (RFC 6750, section 3)."""
        return {"WWW-Authenticate": 'Bearer realm="netiquette"'}


class Forbidden(NetiquetteError):
    """The key lacks the scope, or the member may not write."""

    status, slug, title = 403, "forbidden", "Not allowed"


class MissingScope(Forbidden):
    """The key is good, but not for this."""

    slug, title = "missing-scope", "The key lacks a scope"


class MemberSuspended(Forbidden):
    """The member may not write for now."""

    slug, title = "member-suspended", "The member is suspended"


class MemberBanned(Forbidden):
    """The member may not write."""

    slug, title = "member-banned", "The member is banned"


class ThreadClosed(Forbidden):
    """The discussion has ended."""

    slug, title = "thread-closed", "The thread is closed"


class NotFound(NetiquetteError):
    """Nothing by that id on this site."""

    status, slug, title = 404, "not-found", "Not found"

    def __init__(self, what: str) -> None:
        """Name the kind of thing in `what`, never the id that was asked for."""
        super().__init__(f"There is no such {what} on this site.")


class Conflict(NetiquetteError):
    """The request contradicts what is there."""

    status, slug, title = 409, "conflict", "The request contradicts what is there"


class OutdatedDecision(Conflict):
    """The decision names a revision or state that is no longer current."""

    slug, title = "outdated", "The comment has changed since"


class IllegalTransition(Conflict):
    """The comment's state does not allow this."""

    slug, title = "illegal-transition", "The comment's state does not allow this"


class ExternalIdTaken(Conflict):
    """The external id belongs to a different comment."""

    slug, title = "external-id-taken", "The external id is taken by a different comment"


class ClaimedByAnother(Conflict):
    """Another moderator holds the comment."""

    slug, title = "claimed", "Another moderator works on this comment"


class UndoTooLate(Conflict):
    """The window for taking the decision back has passed, or something newer stands on it."""

    slug, title = "undo-too-late", "The decision can no longer be undone"


class NotYourDecision(Forbidden):
    """Only its moderator or a lead takes a decision back."""

    slug, title = "not-your-decision", "A colleague made this decision"


class NotReportable(Conflict):
    """Readers do not see the comment any more."""

    slug, title = "not-reportable", "The comment can no longer be reported"


class EndpointDisabled(Conflict):
    """Nothing is sent to the endpoint until it is enabled."""

    slug, title = "endpoint-disabled", "The endpoint is disabled"


class TooManyEndpoints(Conflict):
    """The site has as many endpoints as one may have."""

    slug, title = "too-many-endpoints", "The site has too many endpoints"


class RequestInFlight(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    slug, title = "request-in-flight", "The first request with this key is still running"


class Gone(NetiquetteError):
    """It was there once."""

    status, slug, title = 410, "gone", "No longer kept"


class TooLarge(NetiquetteError):
    """The body is over the limit."""

    status, slug, title = 413, "too-large", "The request body is too large"


class Invalid(NetiquetteError):
    """The request is readable but not acceptable; `errors` holds JSON pointers."""

    status, slug, title = 422, "invalid", "The request is not valid"

    @classmethod
    def at(cls, pointer: str, message: str) -> "Invalid":
        """Return the error for one place in the body (JSON pointer, RFC 6901)."""
        return cls(message, errors=[{"pointer": pointer, "detail": message}])


class IdempotencyKeyReused(Invalid):
    """The Idempotency-Key came with another body before."""

    slug, title = "idempotency-key-reused", "The Idempotency-Key belongs to another request"


class TooManyRequests(NetiquetteError):
    """A rate limit was reached."""

    status, slug, title = 429, "rate-limited", "Too many requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        """`retry_after`: whole seconds until the next request will pass."""
        super().__init__(detail, retry_after=retry_after)
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """Say when to come back (RFC 9110, section 10.2.3)."""
        return {"Retry-After": str(self.retry_after)}


class Unavailable(NetiquetteError):
    """The database cannot be reached or is overloaded; nothing was stored."""

    status, slug, title = 503, "unavailable", "Try again shortly"

    @property
    def headers(self) -> Mapping[str, str]:
        """Ask for a short pause (RFC 9110, section 10.2.3)."""
        return {"Retry-After": "2"}


class AnalysesBusy(Unavailable):
    """Nobody could score the text soon; nothing was stored."""

    slug, title = "analyses-busy", "Too busy to score a text now"


class AnalysisTimeout(NetiquetteError):
    """The scores did not come in time."""

    status, slug, title = 504, "analysis-timeout", "The scores did not come in time"


class Unscorable(NetiquetteError):
    """The model fails on this text, and works for others: to try again would not help."""

    status, slug, title = 422, "unscorable", "The model cannot score this text"


class NotConfigured(NetiquetteError):
    """The operator has not set what this call needs."""

    status, slug, title = 503, "not-configured", "Not set up on this installation"
