"""Types and models that the schemas of several features share."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from service.domain.texts import MAX_BODY, clean_body, clean_line
from service.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from service.ids import parse_id

MAX_FIELDS = 50
"""Most fields of an object in a request; none of ours has half as many."""


def rfc3339(moment: datetime) -> str:
    """Return the moment as RFC 3339 in UTC with microseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]

Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:@-]+$"),
    Field(examples=["article-4711"]),
]
"""The key that a site gives to a thread, a member or a moderator."""


def id_of(what: str) -> BeforeValidator:
    """Return the validator that parses an id in a path; it raises NotFound if malformed."""
    return BeforeValidator(partial(parse_id, what=what))


class Strict(BaseModel):
    """A request body that refuses unknown fields, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, given: object) -> object:
        # Each unknown field would become an error of its own: millions take gigabytes.
        if isinstance(given, dict) and len(given) > MAX_FIELDS:
            raise ValueError(f"there are {len(given)} fields; no object here has so many")
        return given


class Page(Strict):
    """The query of a list: where to continue, and how many items a page has."""

    after: str | None = Field(None, description="`next` of the previous page")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


Line = Annotated[str, AfterValidator(clean_line)]
"""A text of one line, such as a name or a title."""


Body = Annotated[
    str,
    AfterValidator(clean_body),
    Field(
        description=f"Plain text, 1 to {MAX_BODY} code points after trimming.",
        examples=["Das sehe ich anders, aber danke für den Artikel!"],
    ),
]


class ReporterOut(BaseModel):
    """The member who made the report."""

    key: str
