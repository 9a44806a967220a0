"""Labels: scores that somebody suggests for a text, kept for replay and calibration."""

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
    """What somebody suggests: a text and its scores by our names, 0..1."""

    text: str
    scores: dict[str, float]
    languages: list[str]
    community: str | None


def keep_label(context: Context, site_id: UUID, origin: str, suggestion: Suggestion) -> None:
    """Keep the site's suggestion; `origin`: the door that it came through."""
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
    """Delete the site's labels of these texts: their member is erased (invariant 11)."""
    prints = [fingerprint(body) for body in bodies if body]
    session.execute(
        delete(Label)
        .where(col(Label.site_id) == site_id, col(Label.body_sha256).in_(prints))
        .execution_options(synchronize_session=False)
    )


def fingerprint(body: str) -> str:
    """Return the SHA-256 of what the text shows, in NFC.

    Neither spaces nor line breaks count: HTML that a label was made of has others than
    the comment.
    """
    return hashlib.sha256(visible_part(body).encode()).hexdigest()
