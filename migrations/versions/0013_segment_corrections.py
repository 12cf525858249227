"""Add corrections of segments."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "segment_corrections",
        sa.Column("job_id", sa.String, primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True),
        sa.Column("emotion", sa.String, nullable=False),
        sa.Column("comment", sa.String),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String),
        sa.ForeignKeyConstraint(["job_id", "index"], ["segments.job_id", "segments.index"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("segment_corrections")
