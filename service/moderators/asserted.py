"""Moderators without an account: a site's backend names them in its calls."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from service.errors import Invalid
from service.moderators.accounts import ACCOUNT_PREFIX
from service.tables import Moderator
from service.upsert import find_or_make


@dataclass(frozen=True)
class Asserted:
    """A moderator as the site's backend names them; a field that is None changes nothing."""

    key: str
    name: str | None = None
    lead: bool | None = None
    """Whether they may undo colleagues' decisions, and overrule their claims."""


def assert_moderator(session: Session, site_id: UUID, asserted: Asserted) -> Moderator:
    """Return the moderator that the site's backend names; add them if they are new.

    Raises Invalid for the key of an account: a site cannot act for an account.
    """
    if asserted.key.startswith(ACCOUNT_PREFIX):
        raise Invalid.at(
            "/moderator/key",
            f"Keys that begin with {ACCOUNT_PREFIX} belong to accounts. Send another key.",
        )
    moderator = find_or_make(session, Moderator, site_id, [asserted.key])[asserted.key]
    if asserted.name is not None and asserted.name != moderator.name:
        moderator.name = asserted.name
    if asserted.lead is not None and asserted.lead != moderator.lead:
        moderator.lead = asserted.lead
    session.flush()
    return moderator
