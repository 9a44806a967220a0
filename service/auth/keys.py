"""Creates, looks up and revokes site keys, which are stored as hashes."""

import hashlib
import hmac
import secrets
from uuid import UUID

import sqlalchemy
from sqlmodel import Session, col, select

from service import clock
from service.http.callers import Caller, Scope, SiteKeyCaller
from service.tables import Site, SiteKey

TOKEN_PREFIX = "nq_"  # noqa: S105 - what every key starts with, not a secret
SECRET_BYTES = 32
LOOKUP_LENGTH = len(TOKEN_PREFIX) + 8


# Every request runs this query, so it is built once, and reads columns instead of an object.
_VALID_KEY = (
    sqlalchemy.select(
        col(SiteKey.id),
        col(SiteKey.site_id),
        col(SiteKey.secret_sha256),
        col(SiteKey.scopes),
        col(SiteKey.rate),
        sqlalchemy.func.coalesce(col(SiteKey.language), col(Site.language)).label("language"),
    )
    .join(Site, col(Site.id) == col(SiteKey.site_id))
    .where(col(SiteKey.prefix) == sqlalchemy.bindparam("prefix"), col(SiteKey.revoked_at).is_(None))
)


def create_key(
    session: Session, site_id: UUID, name: str, scopes: list[Scope], rate: str | None = None
) -> tuple[SiteKey, str]:
    """Add a key; return it with its token, which is not stored and cannot be shown again."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    key = SiteKey(
        site_id=site_id,
        name=name,
        prefix=token[:LOOKUP_LENGTH],
        secret_sha256=_hash(token),
        scopes=sorted(scopes),
        rate=rate,
    )
    session.add(key)
    session.flush()
    return key, token


def revoke_key(session: Session, site_id: UUID, prefix: str) -> SiteKey | None:
    """Revoke the site's key with this prefix and return it; None when there is no such key.

    To revoke a revoked key changes nothing.
    """
    key = session.exec(
        select(SiteKey).where(col(SiteKey.site_id) == site_id, col(SiteKey.prefix) == prefix)
    ).one_or_none()
    if key and key.revoked_at is None:
        key.revoked_at = clock.now()
    return key


def find_caller(session: Session, token: str) -> Caller | None:
    """Return the caller that the token belongs to; None when it is unknown or revoked.

    A token of 256 random bits needs no slow hash: to guess a token with a given SHA-256
    is as hard as to guess the token. The comparison takes constant time.
    """
    key = session.execute(_VALID_KEY, {"prefix": token[:LOOKUP_LENGTH]}).one_or_none()
    if key is None or not hmac.compare_digest(key.secret_sha256, _hash(token)):
        return None
    return SiteKeyCaller(
        site_id=key.site_id,
        key_id=key.id,
        scopes=frozenset(Scope(scope) for scope in key.scopes),
        rate=key.rate,
        language=key.language,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
