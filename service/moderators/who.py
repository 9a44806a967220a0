"""The moderator behind a call: named by a site's backend, or signed in to an account."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from service.moderators.accounts import get_account
from service.moderators.asserted import Asserted, assert_moderator
from service.tables import Moderator


@dataclass(frozen=True)
class Account:
    """A moderator who has signed in; `id` is that of their row."""

    id: UUID


Who = Asserted | Account


def resolve(session: Session, site_id: UUID, who: Who) -> Moderator:
    """Return the site's moderator behind a call.

    Raises Invalid if a site names an account's key, and NotFound for an account that
    does not belong to the site.
    """
    if isinstance(who, Account):
        return get_account(session, site_id, who.id)
    return assert_moderator(session, site_id, who)
