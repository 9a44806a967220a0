"""Conditions on columns that several features share.

States are literals, not parameters: both databases use a partial index only where they
can see that the query implies its condition.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal_column, or_
from sqlalchemy.orm import Mapped
from sqlmodel import col

from service.clock import LONGEST_HOLD
from service.domain.states import State
from service.tables.comments import Comment, Report

PENDING = col(Comment.state) == literal_column(f"'{State.PENDING.value}'")
FLAGGED = col(Comment.state) == literal_column(f"'{State.FLAGGED.value}'")

OPEN_REPORT = col(Report.resolved_at).is_(None)
"""No decision has resolved the report yet."""


def has_ended(
    until: Mapped[Any], now: datetime, longest: timedelta = LONGEST_HOLD
) -> ColumnElement[bool]:
    """Return the condition that what ends at `until` does not last any more, or never began.

    The opposite of `clock.lasts`, for a column.
    """
    return or_(until.is_(None), until <= now, until > now + longest)
