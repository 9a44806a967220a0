"""The demo site of the embedded default, and the file that holds its secrets."""

import json
import secrets
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlmodel import Session, col, select, update

from service import clock
from service.auth.keys import create_key, find_caller
from service.db import Database
from service.embedded.folder import write_private
from service.http.callers import Scope
from service.moderators.accounts import create_moderator
from service.sites.use_cases import create_site
from service.tables import Moderator, Site, SiteKey

FILE = "demo.json"
SITE = "demo"
EMAIL = "moderator@demo.example"
KEY_NAME = "demo"
RATE = "1000/second"
"""Rate limit of the demo key, and in the embedded default of each member.

It is high, so that nobody reaches it while trying Netiquette out."""


def ensure(database: Database, path: Path, base_url: str) -> bool:
    """Make the demo site and the file of its secrets, unless they work; tell whether it did.

    The database holds only hashes of secrets. So when the file is gone, damaged or of another
    database, new secrets are made, and the demo's old ones stop working.
    """
    content = _read(path)
    with database.write() as session:
        works = content is not None and find_caller(session, content["api_key"]) is not None
        if content is None or not works:
            content = _make(session)
    content = {"base_url": base_url} | content | {"base_url": base_url}
    write_private(path, json.dumps(content, indent=2) + "\n")
    return not works


def _make(session: Session) -> dict[str, Any]:
    site = session.exec(select(Site).where(col(Site.key) == SITE)).one_or_none()
    if site is None:
        site = create_site(session, SITE, "Demo")
    session.exec(
        update(SiteKey)
        .where(col(SiteKey.site_id) == site.id, col(SiteKey.name) == KEY_NAME)
        .where(col(SiteKey.revoked_at).is_(None))
        .values(revoked_at=clock.now())
    )
    _, token = create_key(session, site.id, KEY_NAME, list(Scope), RATE)
    password = secrets.token_urlsafe(12)
    _set_moderator(session, site, password)
    return {
        "site": SITE,
        "api_key": token,
        "moderator": {"email": EMAIL, "password": password},
    }


def _set_moderator(session: Session, site: Site, password: str) -> None:
    moderator = session.exec(
        select(Moderator).where(col(Moderator.site_id) == site.id, col(Moderator.email) == EMAIL)
    ).one_or_none()
    if moderator is None:
        create_moderator(session, site.id, EMAIL, password, "Demo")
    else:
        moderator.password_hash = PasswordHasher().hash(password)


def _read(path: Path) -> dict[str, Any] | None:
    """Return the content of the file, or None where it is gone or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
        whole = isinstance(content["api_key"], str) and {"site", "moderator"} <= content.keys()
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return content if whole else None
