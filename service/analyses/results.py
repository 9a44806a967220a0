"""What becomes of an Analysis, as plain data: written by a worker, read by the doors."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Passage(BaseModel):
    """A span of the text that an attribute rests on; code points, `end` exclusive."""

    model_config = ConfigDict(frozen=True)

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    attribute: str
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Result(BaseModel):
    """The scores of one text by the active model."""

    model_config = ConfigDict(frozen=True)

    scores: dict[str, float]
    """Attribute → score 0..1, by Detoxify's names; all that the model has."""
    forms: dict[str, dict[str, float]]
    spans: tuple[Passage, ...] = ()
    language: str = "und"
    """As it was detected; `und` where it could not be."""
    languages: tuple[str, ...] = ()
    """Those that the model is calibrated for."""


class Failure(BaseModel):
    """The model could not score the text."""

    model_config = ConfigDict(frozen=True)

    failure: str
    """Name of the error."""
