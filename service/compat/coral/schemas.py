"""Coral's documents; of a request only what is used, as Coral adds fields from time to time."""

from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["SYSTEM_WITHHELD", "REJECTED"]
"""`NONE`, `PREMOD` and `APPROVED` are left out: to approve is not ours, nor Coral's own choice."""


class CommentIn(BaseModel):
    """A comment, new or edited; `body` is plain text or HTML, whatever the tenant's editor gives.

    Replies carry a `parentID`, which changes nothing here.
    """

    body: str = ""


class PhaseRequest(BaseModel):
    """What the phase sends: action, comment, author, story, site, tenantID, tenantDomain."""

    action: Literal["NEW", "EDIT"] = "NEW"
    comment: CommentIn


def described_request() -> dict[str, Any]:
    """Return the request's JSON schema in one piece, since FastAPI does not read it itself."""
    schema = PhaseRequest.model_json_schema()
    del schema["$defs"]
    schema["properties"]["comment"] = CommentIn.model_json_schema()
    return schema


class Flag(BaseModel):
    """A flag that moderators see beside the comment."""

    action_type: Literal["FLAG"] = Field(default="FLAG", serialization_alias="actionType")
    reason: Literal["COMMENT_DETECTED_TOXIC"] = "COMMENT_DETECTED_TOXIC"


class PhaseResponse(BaseModel):
    """What the phase takes; without any field Coral goes on as if nobody had been asked."""

    status: Status | None = None
    actions: list[Flag] | None = None


WITHHELD = PhaseResponse(status="SYSTEM_WITHHELD")
"""For a person to look at: whatever went wrong, nothing is published by accident."""
