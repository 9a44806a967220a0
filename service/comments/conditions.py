"""States as conditions that partial indexes can serve.

Literals, not parameters: both databases use a partial index only where they
can see that the query implies its condition.
"""

from sqlalchemy import literal_column
from sqlmodel import col

from service.domain.states import State
from service.tables import Comment

PENDING = col(Comment.state) == literal_column(f"'{State.PENDING.value}'")
FLAGGED = col(Comment.state) == literal_column(f"'{State.FLAGGED.value}'")
