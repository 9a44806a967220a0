"""Whether a worker is there to score."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service import clock
from service.tables import SCORER_SILENT_AFTER, Scorer


def last_seen(session: Session) -> datetime | None:
    """Return when a scorer last said that it lives; None if none ever did."""
    return session.exec(select(func.max(col(Scorer.seen_at)))).one()


def is_silent(seen: datetime | None) -> bool:
    """Tell whether scorers that were last seen then are gone by now."""
    return seen is None or seen < clock.now() - SCORER_SILENT_AFTER
