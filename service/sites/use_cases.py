"""Creates and finds sites."""

from sqlmodel import Session, col, select

from service.domain.languages import FIRST_LANGUAGE
from service.errors import Conflict, NotFound
from service.policy.document import FIRST_POLICY
from service.tables import Policy, Site


def create_site(session: Session, key: str, name: str, language: str = FIRST_LANGUAGE) -> Site:
    """Add a site with the first policy; raises Conflict if a site has the key already."""
    if session.exec(select(Site.id).where(col(Site.key) == key)).first():
        raise Conflict(f"There is already a site with the key {key}.")
    site = Site(key=key, name=name, language=language, active_policy=1)
    session.add(site)
    session.flush()
    session.add(Policy(site_id=site.id, version=1, document=FIRST_POLICY.model_dump(mode="json")))
    return site


def get_site(session: Session, key: str) -> Site:
    """Return the site with this key; raises NotFound."""
    site = session.exec(select(Site).where(col(Site.key) == key)).one_or_none()
    if site is None:
        raise NotFound("site")
    return site
