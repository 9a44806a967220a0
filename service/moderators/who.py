"""Who decides: a moderator that a site's backend speaks for, or one who has signed in."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from service.moderators.accounts import get_account
from service.moderators.asserted import Asserted, assert_moderator
from service.tables import Moderator


@dataclass(frozen=True)
class Account:
    """A moderator who has signed in, by the id of their row."""

    id: UUID


Who = Asserted | Account


def resolve(session: Session, site_id: UUID, who: Who) -> Moderator:
    """Return the site's moderator behind a call.

    Raises Invalid where a site speaks for an account, and NotFound for an account that
    is not the site's.
    """
    if isinstance(who, Account):
        return get_account(session, site_id, who.id)
    return assert_moderator(session, site_id, who)
