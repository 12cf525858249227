"""Add batches and deadlines of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("batch_id", sa.String))
    op.create_index("ix_jobs_batch_id", "jobs", ["batch_id"])
    op.add_column("jobs", sa.Column("deadline_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_jobs_deadline_at", "jobs", ["deadline_at"], postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED
    )


def downgrade() -> None:
    for name in ("deadline_at", "batch_id"):
        op.drop_index(f"ix_jobs_{name}", "jobs")
        op.drop_column("jobs", name)
