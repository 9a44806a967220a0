"""Request and response bodies of the comment calls."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, TypeAdapter

from service.domain.states import Actor, State
from service.domain.texts import clean_line
from service.domain.vocabulary import Audience, DecisionReason
from service.http.openapi import ProblemOut
from service.http.schemas import Body, Key, Line, ReporterOut, Strict, Time, id_of

BATCH_LIMIT = 500

CommentId = Annotated[UUID, id_of("comment")]

_url = TypeAdapter(HttpUrl)


def _web_address(url: str) -> str:
    """Return the web address; raise ValueError for any other text, as pages will link to it."""
    _url.validate_python(url)
    return clean_line(url)


WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]


class ThreadIn(Strict):
    """The discussion that the comment belongs to; its first comment creates it."""

    key: Key
    url: WebAddress | None = Field(None, description="Address of the article")
    title: Line | None = Field(None, max_length=500)


class MemberIn(Strict):
    """The author of the comment, as the site knows them."""

    key: Key
    name: Line | None = Field(None, max_length=200)


class CommentIn(Strict):
    """A comment as a site's backend sends it."""

    thread: ThreadIn
    member: MemberIn
    body: Body
    parent_id: UUID | None = Field(None, description="The comment that this one answers")
    external_id: Line | None = Field(None, min_length=1, max_length=200)
    audience: Audience = Audience.PUBLIC
    language: str | None = Field(
        None, max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["de"]
    )


class BatchIn(Strict):
    """Up to 500 comments; an invalid one does not affect the others."""

    comments: list[Any] = Field(min_length=1, max_length=BATCH_LIMIT)


class EditIn(Strict):
    """A new text for a comment."""

    body: Body


class ThreadOut(BaseModel):
    """A comment's thread."""

    key: str
    url: str | None
    title: str | None


class MemberOut(BaseModel):
    """A comment's author."""

    key: str
    name: str | None


class AssessmentOut(BaseModel):
    """The scores of the current revision."""

    scores: dict[str, float]
    spans: list[dict[str, Any]]
    model: str = Field(description="SHA-256 identity of the model")
    language: str | None


class ReasonOut(BaseModel):
    """One reason of a decision."""

    code: str
    attribute: str | None = None
    score: float | None = None
    threshold: float | None = None
    evidence: str | None = None


class ModeratorOut(BaseModel):
    """A moderator."""

    key: str
    name: str | None


class DecisionOut(BaseModel):
    """A decision: a change of the comment's state, and the reasons for it."""

    id: UUID
    revision: int
    from_state: State
    state: State
    actor: Actor
    policy: int | None = Field(description="Version of the policy that decided")
    moderator: ModeratorOut | None
    reasons: list[ReasonOut]
    note: str | None
    created_at: Time


class CommentOut(BaseModel):
    """A comment as it is now."""

    id: UUID
    state: State
    revision: int
    body: str
    created_at: Time
    edited_at: Time | None
    thread: ThreadOut
    member: MemberOut
    parent_id: UUID | None
    external_id: str | None
    audience: Audience
    language: str | None = Field(description="Language that the site declared")
    assessment: AssessmentOut | None
    decision: DecisionOut | None


class RejectedItem(BaseModel):
    """The error of a comment of a batch that was not accepted."""

    error: ProblemOut


class BatchOut(BaseModel):
    """The outcome of each comment of a batch, in the order of the batch."""

    items: list[CommentOut | RejectedItem]


class RevisionItem(BaseModel):
    """A text of the comment, as its author sent it."""

    kind: Literal["revision"] = "revision"
    at: Time
    revision: int
    body: str


class AssessmentItem(AssessmentOut):
    """The scores of one revision, with the data that explains them."""

    kind: Literal["assessment"] = "assessment"
    at: Time
    revision: int
    forms: dict[str, dict[str, float]]
    provenance: dict[str, Any]
    duration: float = Field(description="Seconds")


class DecisionItem(DecisionOut):
    """A decision, with the facts that it is based on."""

    kind: Literal["decision"] = "decision"
    at: Time
    facts: dict[str, Any]


class ReportItem(BaseModel):
    """A report of the comment."""

    kind: Literal["report"] = "report"
    at: Time
    id: UUID
    revision: int
    reporter: ReporterOut | None
    reason: DecisionReason
    note: str | None
    resolved_at: Time | None


HistoryItem = Annotated[
    RevisionItem | AssessmentItem | DecisionItem | ReportItem, Field(discriminator="kind")
]


class HistoryOut(BaseModel):
    """A page of a comment's history, oldest first."""

    items: list[HistoryItem]
    next: str | None
