"""Create, change and find sites."""

from sqlmodel import Session, col, select

from service.domain.languages import FIRST_LANGUAGE
from service.errors import Conflict, Invalid, NotFound
from service.policy.document import FIRST_POLICY
from service.tables import Policy, Site

MAX_NAME = 200
"""Longest name of a site, in characters."""


def create_site(session: Session, key: str, name: str, language: str = FIRST_LANGUAGE) -> Site:
    """Add a site with the first policy.

    Raises Conflict if a site has the key already, and Invalid for a blank or too long name.
    """
    _require_name(name)
    if session.exec(select(Site.id).where(col(Site.key) == key)).first():
        raise Conflict(f"There is already a site with the key {key}.")
    site = Site(key=key, name=name, language=language, active_policy=1)
    session.add(site)
    session.flush()
    session.add(Policy(site_id=site.id, version=1, document=FIRST_POLICY.model_dump(mode="json")))
    return site


def edit_site(
    session: Session, key: str, *, name: str | None = None, language: str | None = None
) -> Site:
    """Change what is given, and return the site; raises NotFound and Invalid."""
    site = get_site(session, key)
    if name is not None:
        _require_name(name)
        site.name = name
    if language is not None:
        site.language = language
    return site


def get_site(session: Session, key: str) -> Site:
    """Return the site with this key; raises NotFound."""
    site = session.exec(select(Site).where(col(Site.key) == key)).one_or_none()
    if site is None:
        raise NotFound("site")
    return site


def _require_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME:
        raise Invalid(f"A site's name has 1 to {MAX_NAME} characters.")
