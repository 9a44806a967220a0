"""Labels: scores that a site suggests for a text, stored for replay and calibration."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col

from service.domain.texts import visible_part
from service.http.context import Context
from service.tables import Label


@dataclass(frozen=True)
class Suggestion:
    """A text with the scores that a site suggests for it: 0..1, by our attribute names."""

    text: str
    scores: dict[str, float]
    languages: list[str]
    community: str | None


def keep_label(context: Context, site_id: UUID, origin: str, suggestion: Suggestion) -> None:
    """Store the site's suggestion; `origin` names the door that it came through."""
    with context.database.write() as session:
        session.add(
            Label(
                site_id=site_id,
                origin=origin,
                body=suggestion.text,
                body_sha256=fingerprint(suggestion.text),
                scores=suggestion.scores,
                languages=suggestion.languages,
                community=suggestion.community,
            )
        )


def forget_texts(session: Session, site_id: UUID, bodies: Iterable[str]) -> None:
    """Delete the site's labels of these texts, whose author is being erased (invariant 11)."""
    prints = [fingerprint(body) for body in bodies if body]
    session.execute(
        delete(Label)
        .where(col(Label.site_id) == site_id, col(Label.body_sha256).in_(prints))
        .execution_options(synchronize_session=False)
    )


def fingerprint(body: str) -> str:
    """Return the SHA-256 of the visible characters of the text, in NFC.

    Spaces and line breaks do not count: a label that was made from HTML has other ones
    than the comment.
    """
    return hashlib.sha256(visible_part(body).encode()).hexdigest()
