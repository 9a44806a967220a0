"""Perspective's documents. Names in snake_case are accepted too, as in proto3's JSON mapping."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from service.domain.texts import without_surrogates

MAX_ITEMS = 100

MAX_UNKNOWN = 5
"""Most unknown fields of a document that are named one by one."""


def _has_few_items(sent: Any) -> Any:
    """Raise ValueError before all of too many items are validated, as pydantic would."""
    if isinstance(sent, dict) and len(sent) > MAX_ITEMS:
        raise ValueError(f"there are {len(sent)} items; {MAX_ITEMS} are allowed")
    return sent


FewItems = BeforeValidator(_has_few_items)


def _storable(sent: object) -> object:
    """Return a text with NUL as a space and U+FFFD for half of a surrogate pair.

    Neither moves a span. Comments are cut in the middle of an emoji at times, and Coral publishes
    a comment without a score where the request is refused.
    """
    return without_surrogates(sent).replace("\0", " ") if isinstance(sent, str) else sent


def _in_a_list(sent: object) -> object:
    """Return a single language as a list of one, as Google reads it."""
    return [sent] if isinstance(sent, str) else sent


Text = Annotated[str, BeforeValidator(_storable)]
Token = Annotated[str, StringConstraints(max_length=10_000), BeforeValidator(_storable)]
LanguageCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$",
    ),
]
LanguageCodes = Annotated[
    list[LanguageCode],
    Field(max_length=MAX_ITEMS),
    FailFast(),
    BeforeValidator(
        _in_a_list,
        json_schema_input_type=LanguageCode
        | Annotated[list[LanguageCode], Field(max_length=MAX_ITEMS)],
    ),
]
"""Languages; a single one may come without a list, as some clients send it."""

ScoreType = Literal["PROBABILITY", "SCORE_TYPE_UNSPECIFIED"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Document(BaseModel):
    # Google refuses unknown names, too: a misspelt field must not be ignored in silence.
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_the_default(cls, sent: Any) -> Any:
        # ProtoJSON, «Null values»: null means that the field was not sent.
        if not isinstance(sent, dict):
            return {} if sent is None else sent
        # Each unknown field would become an error of its own.
        if len(sent) > len(cls.model_fields) + MAX_UNKNOWN:
            raise ValueError(f"there are {len(sent)} fields; {len(cls.model_fields)} are known")
        return {name: value for name, value in sent.items() if value is not None}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema; in that of a request, every field may be null."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        if handler.mode == "validation":
            schema["properties"] = {
                name: {"anyOf": [field, {"type": "null"}]}
                for name, field in schema["properties"].items()
            }
        return reference


class TextEntry(_Document):
    """A text; of HTML, the visible text counts."""

    text: Text = ""
    type: Literal["PLAIN_TEXT", "HTML", "TEXT_TYPE_UNSPECIFIED"] = "PLAIN_TEXT"


class ArticleAndParentComment(_Document):
    """The article and the comment that a comment replies to."""

    article: TextEntry | None = None
    parent_comment: TextEntry | None = None


class Context(_Document):
    """The conversation so far; accepted and ignored, as Perspective does."""

    entries: Annotated[list[TextEntry], Field(max_length=MAX_ITEMS), FailFast()] = []
    article_and_parent_comment: ArticleAndParentComment | None = None


class AttributeParameters(_Document):
    """Options for one attribute; scores below the threshold are left out."""

    score_type: ScoreType = "PROBABILITY"
    score_threshold: Share = 0.0


class AnalyzeRequest(_Document):
    """The request of `comments:analyze`; `doNotStore` has no effect, since nothing is stored."""

    comment: TextEntry = TextEntry()
    context: Context | None = None
    requested_attributes: Annotated[
        dict[str, AttributeParameters], Field(max_length=MAX_ITEMS), FewItems
    ] = {}
    span_annotations: bool = False
    languages: LanguageCodes = []
    do_not_store: bool = False
    client_token: Token | None = None
    session_id: Token | None = None
    community_id: Token | None = None
    drop_unsupported_attributes: bool = False
    allow_uncalibrated: bool = Field(
        default=False,
        description="An extension of ours: also score languages that the model is not "
        'calibrated for, and mark such scores with `"calibrated": false`',
    )


class Score(_Document):
    """A score 0..1."""

    value: Share
    type: ScoreType = "PROBABILITY"
    calibrated: bool | None = Field(
        default=None,
        description="False where the model is not calibrated for the language; else left out",
    )


class SpanScore(_Document):
    """The score of a part of the text: UTF-16 units, `end` exclusive."""

    begin: Annotated[int, Field(ge=0)] = 0
    end: Annotated[int, Field(ge=0)] = 0
    score: Score


class AttributeScores(_Document):
    """The scores of one attribute."""

    summary_score: Score | None = None
    span_scores: Annotated[list[SpanScore], Field(max_length=10_000), FailFast()] = []


class AnalyzeResponse(_Document):
    """The answer of `comments:analyze`."""

    attribute_scores: dict[str, AttributeScores]
    languages: list[str]
    detected_languages: list[str]
    client_token: str | None = None


class SuggestRequest(_Document):
    """The request of `comments:suggestscore`."""

    comment: TextEntry = TextEntry()
    context: Context | None = None
    attribute_scores: Annotated[
        dict[str, AttributeScores], Field(max_length=MAX_ITEMS), FewItems
    ] = {}
    languages: LanguageCodes = []
    community_id: Annotated[Token, Field(max_length=200)] | None = None
    client_token: Token | None = None
    session_id: Token | None = None


class SuggestResponse(_Document):
    """The answer of `comments:suggestscore`."""

    requested_languages: list[str]
    detected_languages: list[str]
    client_token: str | None = None
