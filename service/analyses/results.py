"""The result of an Analysis, as plain data: workers write it, doors read it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.domain.languages import UNDETERMINED, Detection, counts_as


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
    language: str = UNDETERMINED
    """The detected language; `und` (undetermined) if none was detected."""
    confidence: float = 0.0
    """Confidence 0..1 of the detection."""
    likelihoods: dict[str, float] = {}
    """Language of the model → likelihood 0..1 that the text is in it."""
    letters: int = 0
    """Letters by which the language was detected."""
    languages: tuple[str, ...] = ()
    """The languages that the model is calibrated for."""

    def counts_as(self, main: str) -> str:
        """Return the language that the text counts as, `main` being the callers' main language."""
        return counts_as(self.detection, self.languages, main)

    @property
    def detection(self) -> Detection:
        """What was detected of the text's language."""
        return Detection(self.language, self.confidence, self.likelihoods, self.letters)


class Failure(BaseModel):
    """The model could not score the text."""

    model_config = ConfigDict(frozen=True)

    failure: str
    """Name of the error, or the cause for which the text was not scored."""
