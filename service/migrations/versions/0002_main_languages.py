"""main languages of sites and keys"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "site", sa.Column("language", sa.String(3), server_default="de", nullable=False)
    )
    op.add_column("site_key", sa.Column("language", sa.String(3), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("site_key", "language")
    op.drop_column("site", "language")
