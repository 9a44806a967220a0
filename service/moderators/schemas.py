"""How a site's backend names the moderator that it speaks for."""

from pydantic import Field

from service.http.schemas import Key, Line, Strict
from service.moderators.asserted import Asserted


class ModeratorIn(Strict):
    """The moderator that a site's backend speaks for."""

    key: Key
    name: Line | None = Field(None, max_length=200)
    lead: bool | None = Field(
        None,
        strict=True,
        description="May undo colleagues' decisions; remembered until told otherwise",
    )

    @property
    def who(self) -> Asserted:
        """The moderator as use cases take them."""
        return Asserted(self.key, self.name, self.lead)
