"""Whether the retention may delete events: not while the clock seems to have leapt ahead.

Retention deletes what is older than so many days, so a clock that is wrong by a month would
have it delete nearly everything. The clock alone cannot tell that it is wrong. So each sweep
keeps the time, and the next one that finds a time much later deletes nothing: either the clock
has leapt, or nothing has swept for days. Only a person can tell which. Where the clock is set
back, the retention goes on by itself.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from service.tables import Retention

MAX_LEAP = timedelta(days=3)
"""Longest time between two sweeps that is believed, so most that a leap deletes too early.

Longer than a weekend for which everything is switched off; a tenth of the default retention.
"""

EVERY = timedelta(minutes=1)
"""How often the time is kept, so that not each sweep writes."""


def has_leapt(trusted_at: datetime, now: datetime) -> bool:
    """Tell whether the clock is too far ahead of the last time that was believed."""
    return now - trusted_at > MAX_LEAP


def trusts(session: Session, now: datetime) -> bool:
    """Tell whether the clock is believed; if so, keep the time and end the alarm.

    The kept time never falls: a machine that starts with a clock of 1970 must not make
    the right time look like a leap. The caller commits.
    """
    kept = session.get(Retention, 1)
    if kept is None:
        session.add(Retention(id=1, trusted_at=now))
        return True
    if has_leapt(kept.trusted_at, now):
        return False
    if kept.held_since or now - kept.trusted_at >= EVERY:
        kept.trusted_at = max(kept.trusted_at, now)
        kept.held_since = None
    return True


def hold(session: Session, now: datetime) -> datetime:
    """Raise the alarm, unless it is raised; return the last time that is believed.

    The caller has found that the clock is not trusted, and commits.
    """
    kept = session.get_one(Retention, 1)
    kept.held_since = kept.held_since or now
    return kept.trusted_at


def resume(session: Session, now: datetime) -> None:
    """Believe the clock as it is now, which ends the alarm; the caller commits."""
    kept = session.get(Retention, 1)
    if kept is None:
        kept = Retention(id=1, trusted_at=now)
        session.add(kept)
    kept.trusted_at, kept.held_since = now, None


def is_held(session: Session) -> bool:
    """Tell whether the alarm is raised."""
    held = select(Retention.id).where(col(Retention.held_since).is_not(None))
    return session.exec(held).first() is not None
