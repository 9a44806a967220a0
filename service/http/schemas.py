"""Types and models that the schemas of several features share."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
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


_DATE_TIME = {"type": "string", "format": "date-time"}

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str), WithJsonSchema(_DATE_TIME)]
"""A time in an answer."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""The form of RFC 3339, section 5.6; pydantic judges the numbers."""


def _written_out(given: object) -> object:
    """Refuse what pydantic reads as seconds since 1970: a caller may have meant milliseconds."""
    if not isinstance(given, str) or not _RFC3339.fullmatch(given):
        raise ValueError("must be a time with a zone after RFC 3339, such as 2026-12-24T18:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC, this time is outside the years 1 to 9999") from None


TimeIn = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""A time in a request: written out after RFC 3339, never a number."""

Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:@-]+$"),
]
"""The key that a site gives to a thread, a member or a moderator."""


def example(**fields: Any) -> ConfigDict:
    """Return the configuration of a model that shows one example in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


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


class Changes(Strict):
    """The body of a PATCH: what is left out stays as it is.

    No field declares a default, since a generated client would send it, and would set what
    its caller never named. Python sees None for a field that is left out: use
    `model_fields_set`, or dump with `exclude_unset`.
    """

    removable: ClassVar[frozenset[str]] = frozenset()
    """The fields that null removes. No other field may be null."""

    @field_validator("*", mode="before")
    @classmethod
    def _needs_a_value(cls, given: object, info: ValidationInfo) -> object:
        if given is None and info.field_name not in cls.removable:
            raise ValueError("cannot be null; leave it out to keep it as it is")
        return given

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema without defaults, and with null only where it removes."""
        schema = handler(core)
        for name, described in handler.resolve_ref_schema(schema)["properties"].items():
            described.pop("default", None)
            if name not in cls.removable:
                # As pydantic writes `X | None`: the schema of X, then that of null.
                described.update(described.pop("anyOf")[0])
        return schema


class Page(Strict):
    """The query of a list: where to continue, and how many items a page has."""

    after: str | None = Field(None, description="`next` of the previous page")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most items of the page")


Line = Annotated[str, AfterValidator(clean_line)]
"""A text of one line, such as a name or a title."""


Body = Annotated[
    str,
    AfterValidator(clean_body),
    Field(
        description=f"Plain text, 1 to {MAX_BODY} code points after trimming.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_BODY},
        examples=["Das sehe ich anders, aber danke für den Artikel!"],
    ),
]


MAX_NOTE = 2000

Note = Annotated[
    str,
    AfterValidator(clean_body),
    Field(
        max_length=MAX_NOTE,
        description=f"Plain text, 1 to {MAX_NOTE} code points after trimming.",
        examples=["Zum dritten Mal in dieser Woche."],
    ),
]
"""What a moderator or a reporter adds in their own words; readers never see it."""


class ReporterOut(BaseModel):
    """The member who made the report."""

    key: str
