"""The result of an Analysis, as plain data: workers write it, doors read it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Passage(BaseModel):
    """A span of the text that an attribute's score is based on; code points, `end` exclusive."""

    model_config = ConfigDict(frozen=True)

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    attribute: str
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Result(BaseModel):
    """The scores of one text by the active model."""

    model_config = ConfigDict(frozen=True)

    scores: dict[str, float]
    """Score 0..1 of each attribute that the model has, by Detoxify's name."""
    forms: dict[str, dict[str, float]]
    spans: tuple[Passage, ...] = ()
    language: str = "und"
    """The detected language; `und` (undetermined) if none was detected."""
    languages: tuple[str, ...] = ()
    """The languages that the model is calibrated for."""


class Failure(BaseModel):
    """The model could not score the text."""

    model_config = ConfigDict(frozen=True)

    failure: str
    """Name of the error, or the cause for which the text was not scored."""
