"""The part of a request that names the moderator for whom a site's backend acts."""

from pydantic import Field

from service.http.schemas import Key, Line, Strict
from service.moderators.asserted import Asserted


class ModeratorIn(Strict):
    """The moderator for whom a site's backend acts."""

    key: Key
    name: Line | None = Field(None, max_length=200)
    lead: bool | None = Field(
        None,
        strict=True,
        description="May undo other moderators' decisions; stored until a call changes it",
    )

    @property
    def who(self) -> Asserted:
        """The moderator in the form that use cases take."""
        return Asserted(self.key, self.name, self.lead)
