"""Add quality flags of segments, which limit the confidence in their emotion."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("segments", sa.Column("flags", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("segments", "flags")
