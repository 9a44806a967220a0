"""queues of short and of long texts by site, and the retention's trust in the clock"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Apply. Texts that are pending now count as short ones."""
    op.add_column(
        "comment", sa.Column("is_long", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _index("lane", "site_id", "is_long", "pending_since", "id")
    op.create_table(
        "retention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trusted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_retention_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("retention")
    _index("lane", "pending_since", "id")
    op.drop_column("comment", "is_long")


def _index(*columns: str) -> None:
    """Have the index of pending comments on these columns instead of those before."""
    op.drop_index("ix_comment_pending", "comment")
    op.create_index(
        "ix_comment_pending",
        "comment",
        list(columns),
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )
