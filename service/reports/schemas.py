"""Request and response bodies of the report call."""

from uuid import UUID

from pydantic import BaseModel, Field

from service.domain.vocabulary import DecisionReason
from service.http.schemas import Key, Note, ReporterOut, Strict, Time, example


class ReporterIn(Strict):
    """The member who reports, as the site knows them."""

    key: Key = Field(description="Your own key of the member", examples=["max"])


class ReportIn(Strict):
    """A report of a comment; without a reporter it is anonymous."""

    model_config = example(reporter={"key": "max"}, reason="insult", note="Bitte ansehen.")

    reporter: ReporterIn | None = None
    anonymous_id: Key | None = Field(
        None,
        description="What tells anonymous reporters apart, such as a session id or a salted hash "
        "of their address. It is counted for the rate limit, and not stored. Without it, all of "
        "them share one limit.",
    )
    reason: DecisionReason
    note: Note | None = Field(None, description="For moderators, not readers")


class ReportOut(BaseModel):
    """A report as it is now."""

    id: UUID
    comment_id: UUID
    revision: int = Field(description="The revision that was current when the report came")
    reporter: ReporterOut | None = Field(description="Null for an anonymous report")
    reason: DecisionReason
    note: str | None
    created_at: Time
    resolved_at: Time | None
