"""The policy document: a versioned, immutable statement of what is flagged."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.domain.scores import Attribute

Score = Annotated[float, Field(ge=0, le=1)]


class PolicyDocument(BaseModel):
    """Thresholds per attribute (scores 0..1), and the attributes that a model must give.

    `report_limit`: so many members' open reports flag what the policy had approved.
    `required`: without a score for each of these a comment is flagged, since a
    model that lacks the attribute would otherwise pass everything as harmless.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flag_at: dict[Attribute, Score] = Field(min_length=1)
    required: tuple[Attribute, ...] = ("toxicity",)
    report_limit: int = Field(3, ge=1)


# `toxicity` is what every Detoxify model gives; the others named here are graver
# than it. `insult`, `obscene` and `identity_attack` are shown, but not judged:
# what is toxic in them shows in `toxicity`, the rest would flag harmless swearing.
FIRST_POLICY = PolicyDocument(
    flag_at={"toxicity": 0.5, "severe_toxicity": 0.5, "threat": 0.5, "sexual_explicit": 0.5}
)
