"""The risk of a comment is the highest score that its site's policy judges.

It was the highest of all scores. Only comments in the queue are computed anew: others get
theirs when the policy judges them again.

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = 500

site = sa.table("site", sa.column("id", sa.Uuid), sa.column("active_policy", sa.Integer))
policy = sa.table(
    "policy",
    sa.column("site_id", sa.Uuid),
    sa.column("version", sa.Integer),
    sa.column("document", sa.JSON),
)
comment = sa.table(
    "comment",
    sa.column("id", sa.Uuid),
    sa.column("site_id", sa.Uuid),
    sa.column("state", sa.String),
    sa.column("revision", sa.Integer),
    sa.column("risk", sa.Float),
)
report = sa.table(
    "report", sa.column("comment_id", sa.Uuid), sa.column("resolved_at", sa.DateTime)
)
assessment = sa.table(
    "assessment",
    sa.column("comment_id", sa.Uuid),
    sa.column("revision", sa.Integer),
    sa.column("forms", sa.JSON),
    sa.column("created_at", sa.DateTime),
)


def upgrade() -> None:
    """Compute the risk of the comments in the queue anew."""
    connection = op.get_bind()
    judged = {
        site_id: set((document or {}).get("flag_at", {}))
        for site_id, document in connection.execute(
            sa.select(site.c.id, policy.c.document).join(
                policy,
                sa.and_(policy.c.site_id == site.c.id, policy.c.version == site.c.active_policy),
            )
        )
    }
    for rows in _batches(connection):
        forms = _forms(connection, rows)
        for comment_id, site_id in rows.items():
            risk = _risk(forms.get(comment_id, {}), judged.get(site_id, set()))
            connection.execute(
                sa.update(comment).where(comment.c.id == comment_id).values(risk=risk)
            )


def downgrade() -> None:
    """Keep the numbers: the release before orders by them just as well."""


def _batches(connection: sa.Connection) -> Iterator[dict[UUID, UUID]]:
    """Give the sites of the comments in the queue that were scored, by comment."""
    reported = sa.select(report.c.comment_id).where(report.c.resolved_at.is_(None))
    query = (
        sa.select(comment.c.id, comment.c.site_id)
        .where(
            comment.c.risk.is_not(None),
            sa.or_(comment.c.state == "flagged", comment.c.id.in_(reported)),
        )
        .order_by(comment.c.id)
        .limit(BATCH)
    )
    page = query
    while rows := dict(connection.execute(page).all()):
        yield rows
        page = query.where(comment.c.id > max(rows))


def _forms(connection: sa.Connection, ids: Mapping[UUID, UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the forms of each comment's newest assessment of its current revision."""
    query = (
        sa.select(assessment.c.comment_id, assessment.c.forms)
        .join(
            comment,
            sa.and_(
                comment.c.id == assessment.c.comment_id,
                comment.c.revision == assessment.c.revision,
            ),
        )
        .where(assessment.c.comment_id.in_(list(ids)))
        .order_by(assessment.c.created_at)
    )
    return dict(connection.execute(query).all())


def _risk(forms: Mapping[str, Mapping[str, float]], names: set[str]) -> float | None:
    scores = [form[name] for form in forms.values() for name in names if name in form]
    return max(scores, default=None)
