"""Coral's documents. A request is read for the fields we use, since Coral adds fields at times."""

from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["SYSTEM_WITHHELD", "REJECTED"]
"""The statuses that we set. Coral's `NONE`, `PREMOD` and `APPROVED` are left out: approving a
comment, and every other choice of Coral's, stays with Coral."""


class CommentIn(BaseModel):
    """A new or edited comment; `body` is plain text or HTML, depending on the tenant's editor.

    Replies carry a `parentID`, which is ignored here.
    """

    body: str = ""


class PhaseRequest(BaseModel):
    """The request of the phase: action, comment, author, story, site, tenantID, tenantDomain."""

    action: Literal["NEW", "EDIT"] = "NEW"
    comment: CommentIn


def described_request() -> dict[str, Any]:
    """Return the request's JSON schema, for a body that FastAPI does not parse itself."""
    schema = PhaseRequest.model_json_schema()
    del schema["$defs"]
    schema["properties"]["comment"] = CommentIn.model_json_schema()
    return schema


class Flag(BaseModel):
    """A flag that moderators see beside the comment."""

    action_type: Literal["FLAG"] = Field(default="FLAG", serialization_alias="actionType")
    reason: Literal["COMMENT_DETECTED_TOXIC"] = "COMMENT_DETECTED_TOXIC"


class PhaseResponse(BaseModel):
    """The answer to the phase. Without any field, Coral goes on to its other phases."""

    status: Status | None = None
    actions: list[Flag] | None = None


WITHHELD = PhaseResponse(status="SYSTEM_WITHHELD")
"""The answer to every error: Coral holds the comment back until a moderator looks at it."""
