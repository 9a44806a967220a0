"""Request and response bodies of the comment calls."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    WrapValidator,
)

from service.domain.scores import ATTRIBUTES
from service.domain.states import Actor, State
from service.domain.texts import clean_line
from service.domain.vocabulary import Audience, DecisionReason, MemberStatus
from service.http.openapi import ProblemOut
from service.http.schemas import Body, Key, Line, ReporterOut, Strict, Time, example, id_of
from service.policy.findings import CODES

BATCH_LIMIT = 500

COMMENT_EXAMPLE: dict[str, Any] = {
    "thread": {"key": "artikel-4711", "title": "Der neue Radweg"},
    "member": {"key": "lena", "name": "Lena"},
    "body": "Das sehe ich anders, aber danke für den Artikel!",
    "external_id": "cms-4711",
}

REASON_CODES = "\n".join(
    [
        "What the reason is. A moderator's decision has one of `DecisionReason`, or none; others:",
        "",
        *(f"- `{code}`: {meaning}" for code, meaning in CODES.items()),
    ]
)

CommentId = Annotated[UUID, id_of("comment"), Path(description="Id of the comment")]

_url = TypeAdapter(HttpUrl)


def _web_address(url: str) -> str:
    """Return the web address; raise ValueError for any other text, as pages will link to it."""
    _url.validate_python(url)
    return clean_line(url)


WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]


class ThreadIn(Strict):
    """The discussion that the comment belongs to; its first comment creates it."""

    key: Key = Field(description="Your own key of the thread", examples=["artikel-4711"])
    url: WebAddress | None = Field(None, description="Address of the article")
    title: Line | None = Field(None, max_length=500, description="Title of the article")


class MemberIn(Strict):
    """The author of the comment, as the site knows them."""

    key: Key = Field(description="Your own key of the member", examples=["lena"])
    name: Line | None = Field(None, max_length=200, description="Shown to readers")


class CommentIn(Strict):
    """A comment as a site's backend sends it."""

    model_config = example(**COMMENT_EXAMPLE)

    thread: ThreadIn
    member: MemberIn
    body: Body
    parent_id: UUID | None = Field(
        None, description="The comment that this one answers, in the same thread"
    )
    external_id: Line | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Your own id of the comment; sent again, it answers with the comment as it is",
        examples=["cms-4711"],
    )
    audience: Audience = Field(Audience.PUBLIC, description="Who may read the comment")
    language: str | None = Field(
        None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language of the text, if you know it (BCP 47)",
        examples=["de"],
    )


Unchecked = Annotated[CommentIn, WrapValidator(lambda given, _: given)]
"""A comment as it was sent: `batches` validates each by itself, so that the others are stored.

The wrapping leaves the schema as it is, in which `SkipValidation` would repeat it.
"""


class BatchIn(Strict):
    """Up to 500 comments; an invalid one does not affect the others."""

    model_config = example(comments=[COMMENT_EXAMPLE])

    comments: list[Unchecked] = Field(
        min_length=1, max_length=BATCH_LIMIT, description="Answered in this order"
    )


class EditIn(Strict):
    """A new text for a comment."""

    model_config = example(body="Das sehe ich anders, nach dem Lesen erst recht.")

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


class SpanOut(BaseModel):
    """A passage of the text that raises a score."""

    model_config = ConfigDict(extra="allow")

    start: int = Field(ge=0, description="First code point of the passage, counted from 0")
    end: int = Field(ge=0, description="The code point after its last one")
    attribute: str | None = Field(None, description="The attribute that it raises")
    score: float | None = Field(None, ge=0, le=1)


class AssessmentOut(BaseModel):
    """The scores of the current revision."""

    scores: dict[str, float] = Field(
        description="0..1 by attribute, after Detoxify's names; a model may lack some: "
        + ", ".join(f"`{name}`" for name in ATTRIBUTES)
    )
    spans: list[SpanOut]
    model: str = Field(description="SHA-256 identity of the model")
    language: str | None = Field(description="Language that the worker detected, such as `de`")


class ReasonOut(BaseModel):
    """One reason of a decision."""

    code: str = Field(description=REASON_CODES)
    attribute: str | None = Field(None, description="The attribute that the reason is about")
    score: float | None = Field(None, description="Its score, 0..1")
    threshold: float | None = Field(None, description="The policy's threshold, 0..1")
    evidence: str | None = Field(None, description="What else explains the reason, in short")


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
    forms: dict[str, dict[str, float]] = Field(
        description="Scores 0..1 by attribute, for each form of the text that was scored"
    )
    provenance: dict[str, Any] = Field(
        description="Model, engine, versions of libraries and instructions of the processor"
    )
    duration: float = Field(description="Seconds")


class FactsOut(BaseModel):
    """The facts that the policy judged; null where another actor decided."""

    model_config = ConfigDict(extra="allow")

    version: int | None = Field(None, description="Version of the form of these facts")
    forms: dict[str, dict[str, float]] | None = Field(
        None, description="Scores 0..1 by attribute, for each form of the text that was scored"
    )
    failure: str | None = Field(None, description="Name of the error with which scoring failed")
    member_status: MemberStatus | None = None
    previously_flagged: bool | None = Field(
        None, description="Whether it was flagged before, or decided by a moderator"
    )
    reporters: int | None = Field(None, description="How many different members had an open report")


class DecisionItem(DecisionOut):
    """A decision, with the facts that it is based on."""

    kind: Literal["decision"] = "decision"
    at: Time
    facts: FactsOut


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
