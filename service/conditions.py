"""Conditions on columns that tables of several features share."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Mapped


def has_ended(until: Mapped[Any], longest: timedelta, now: datetime) -> ColumnElement[bool]:
    """Return whether what ends at `until` does not last any more, or never began.

    The opposite of `clock.lasts`, for a column: what would last for longer than
    `longest` was begun before the clock was set back.
    """
    return or_(until.is_(None), until <= now, until > now + longest)
