"""Conditions on columns that several features share.

States are literals, not parameters: both databases use a partial index only where the
query itself shows that it implies the index's condition.
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
    """Return the condition that something that ends at `until` has ended, or never began.

    It is the opposite of `clock.lasts`, for a column. An end further away than `longest`
    was set before the clock was set back, and counts as ended.
    """
    return or_(until.is_(None), until <= now, until > now + longest)
