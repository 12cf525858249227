"""Add alerts of jobs, and the progress that webhooks have announced."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("alerts", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("progress_told", sa.Integer))


def downgrade() -> None:
    for name in ("progress_told", "alerts"):
        op.drop_column("jobs", name)
