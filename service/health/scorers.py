"""Tells whether a scoring worker is alive."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service import clock
from service.tables import SCORER_SILENT_AFTER, Scorer


def last_seen(session: Session) -> datetime | None:
    """Return the time of the last heartbeat of any scorer; None if there never was one."""
    return session.exec(select(func.max(col(Scorer.seen_at)))).one()


def is_silent(seen: datetime | None) -> bool:
    """Tell whether the last heartbeat, at `seen`, is too old for a living scorer."""
    return seen is None or seen < clock.now() - SCORER_SILENT_AFTER
