"""Add the copies of recordings for players."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0024"

_WANTED = sa.text("size IS NULL")


def upgrade() -> None:
    op.create_table(
        "audio_copies",
        sa.Column("job_id", sa.String(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("size", sa.BigInteger()),
    )
    op.create_index(
        "ix_audio_copies_wanted_at", "audio_copies", ["wanted_at"], postgresql_where=_WANTED, sqlite_where=_WANTED
    )


def downgrade() -> None:
    op.drop_table("audio_copies")
