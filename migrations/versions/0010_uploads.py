"""Add uploads in parts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("filename", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("part_bytes", sa.BigInteger),
        sa.Column("metadata", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.String),
        sa.Column("source_key", sa.String),
        sa.Column("sha256", sa.String),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False, index=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("lease_until", _TIME),
    )
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.String, sa.ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_table("uploads")
