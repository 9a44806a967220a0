"""The policy document: says which comments are flagged; versioned and immutable."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.domain.scores import Attribute

Score = Annotated[float, Field(ge=0, le=1)]


class PolicyDocument(BaseModel):
    """Thresholds by attribute (scores 0..1), required attributes, and a limit of reports.

    `flag_at`: a score at or over the threshold of its attribute flags the comment.
    `required`: a comment is flagged unless it has a score for each of these attributes.
    Otherwise a model that lacks an attribute would pass all comments as harmless.
    `report_limit`: open reports of so many members flag a comment that the policy approved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flag_at: dict[Attribute, Score] = Field(min_length=1)
    required: tuple[Attribute, ...] = ("toxicity",)
    report_limit: int = Field(3, ge=1)


# All Detoxify models give `toxicity`; the other attributes named here are graver.
# `insult`, `obscene` and `identity_attack` are shown to moderators but have no threshold:
# toxic cases also raise `toxicity`, and a threshold would flag harmless swearing.
FIRST_POLICY = PolicyDocument(
    flag_at={"toxicity": 0.5, "severe_toxicity": 0.5, "threat": 0.5, "sexual_explicit": 0.5}
)
