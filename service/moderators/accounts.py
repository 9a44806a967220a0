"""Moderators with an account: they sign in with an e-mail address and a password."""

from collections.abc import Sequence
from uuid import UUID

from argon2 import PasswordHasher
from sqlmodel import Session, col, select

from service.errors import Conflict, Invalid, NotFound
from service.ids import new_id
from service.tables import Moderator

ACCOUNT_PREFIX = "account:"
"""The beginning of the keys of moderators with an account; a site cannot send such a key."""

MIN_PASSWORD = 12


def get_account(session: Session, site_id: UUID, moderator_id: UUID) -> Moderator:
    """Return the site's moderator with an account; raises NotFound."""
    moderator = session.exec(
        select(Moderator).where(
            col(Moderator.site_id) == site_id,
            col(Moderator.id) == moderator_id,
            col(Moderator.email).is_not(None),
        )
    ).one_or_none()
    if moderator is None:
        raise NotFound("account")
    return moderator


def get_account_by_email(session: Session, site_id: UUID, email: str) -> Moderator:
    """Return the site's moderator with this address; raises NotFound."""
    moderator = session.exec(
        select(Moderator).where(
            col(Moderator.site_id) == site_id, col(Moderator.email) == normal_email(email)
        )
    ).one_or_none()
    if moderator is None:
        raise NotFound("account")
    return moderator


def list_accounts(session: Session, site_id: UUID) -> Sequence[Moderator]:
    """Return the site's moderators with an account, by their addresses."""
    return session.exec(
        select(Moderator)
        .where(col(Moderator.site_id) == site_id, col(Moderator.email).is_not(None))
        .order_by(col(Moderator.email))
    ).all()


def set_password(moderator: Moderator, password: str) -> None:
    """Replace an account's password; raises Invalid for one under MIN_PASSWORD characters."""
    _require_length(password)
    moderator.password_hash = PasswordHasher().hash(password)


def remove_account(moderator: Moderator) -> None:
    """Remove an account with all that names the person: address, name and password.

    The row stays under its key, since decisions refer to it, but can no longer sign in or act.
    """
    moderator.email = moderator.name = moderator.password_hash = None
    moderator.lead = False


def normal_email(address: str) -> str:
    """Return the address in the form that accounts are stored with: trimmed, in lower case."""
    return address.strip().lower()


def create_moderator(
    session: Session, site_id: UUID, email: str, password: str, name: str | None = None
) -> Moderator:
    """Add a moderator with an account.

    Raises Conflict when the address already has an account, and Invalid for a password
    under MIN_PASSWORD characters or an address without an @.
    """
    email = normal_email(email)
    _require_length(password)
    if "@" not in email:
        raise Invalid("An e-mail address contains an @.")
    if session.exec(select(Moderator.id).where(col(Moderator.email) == email)).first():
        raise Conflict(f"There is already an account for {email}.")
    moderator_id = new_id()
    moderator = Moderator(
        id=moderator_id,
        site_id=site_id,
        key=f"{ACCOUNT_PREFIX}{moderator_id}",
        name=name,
        email=email,
        password_hash=PasswordHasher().hash(password),
    )
    session.add(moderator)
    return moderator


def _require_length(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"A password needs at least {MIN_PASSWORD} characters.")
