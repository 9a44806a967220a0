"""The part of a request that names the moderator for whom a site's backend acts."""

from pydantic import Field

from service.errors import MissingScope
from service.http.callers import Caller, Scope
from service.http.schemas import Key, Line, Strict
from service.moderators.asserted import Asserted


class ModeratorIn(Strict):
    """The moderator for whom a site's backend acts."""

    key: Key = Field(description="Your own key of the moderator", examples=["petra"])
    name: Line | None = Field(None, max_length=200, description="Shown to other moderators")
    lead: bool | None = Field(
        None,
        strict=True,
        description="Whether they are a lead, who may undo colleagues' decisions and overrule "
        "their claims; stored until a call changes it. Needs a key with the scope `leads`",
    )

    def asserted_by(self, caller: Caller) -> Asserted:
        """Return the moderator in the form that use cases take.

        Raises MissingScope if the caller's key may not say who is a lead.
        """
        if self.lead is not None and Scope.LEADS not in caller.scopes:
            raise MissingScope(
                f"To send `lead`, the key needs the scope {Scope.LEADS}, too. Leave it out."
            )
        return Asserted(self.key, self.name, self.lead)
