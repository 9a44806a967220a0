"""Making sites and moderators."""

from uuid import UUID

from argon2 import PasswordHasher
from sqlmodel import Session, col, select

from service.errors import Conflict, Invalid, NotFound
from service.ids import new_id
from service.policy.document import FIRST_POLICY
from service.tables import Moderator, Policy, Site

ACCOUNT_PREFIX = "account:"
"""Keys of moderators with an account begin so; a site cannot assert such a key."""

MIN_PASSWORD = 12


def create_site(session: Session, key: str, name: str) -> Site:
    """Add a site with the first policy; raises Conflict when the key is taken."""
    if session.exec(select(Site.id).where(col(Site.key) == key)).first():
        raise Conflict(f"There is a site with the key {key} already.")
    site = Site(key=key, name=name, active_policy=1)
    session.add(site)
    session.flush()
    session.add(Policy(site_id=site.id, version=1, document=FIRST_POLICY.model_dump(mode="json")))
    return site


def find_site(session: Session, key: str) -> Site:
    """Return the site with this key; raises NotFound."""
    site = session.exec(select(Site).where(col(Site.key) == key)).one_or_none()
    if site is None:
        raise NotFound("site")
    return site


def normal_email(address: str) -> str:
    """Return the address in the form that accounts are kept and found by: case means nothing."""
    return address.strip().lower()


def create_moderator(
    session: Session, site_id: UUID, email: str, password: str, name: str | None = None
) -> Moderator:
    """Add a moderator with an account; raises Conflict when the address has one already.

    Raises Invalid for a password under MIN_PASSWORD characters or an address
    without an @.
    """
    email = normal_email(email)
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"A password needs at least {MIN_PASSWORD} characters.")
    if "@" not in email:
        raise Invalid("An e-mail address contains an @.")
    if session.exec(select(Moderator.id).where(col(Moderator.email) == email)).first():
        raise Conflict(f"There is an account for {email} already.")
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
