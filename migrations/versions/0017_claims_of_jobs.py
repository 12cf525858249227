"""Find the next job to prepare and to finish without a look at every job, and index only segments that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_PENDING = sa.text("status = 'pending'")
_QUEUED = sa.text("state = 'queued'")
_FINISHABLE = sa.text("(state = 'finishing' OR (state = 'inferring' AND segments_done))")


def upgrade() -> None:
    # The sweep marks the jobs whose segments are done already.
    op.add_column("jobs", sa.Column("segments_done", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_jobs_queued", "jobs", ["priority", "tenant", "id"], postgresql_where=_QUEUED, sqlite_where=_QUEUED
    )
    op.create_index(
        "ix_jobs_finishable", "jobs", ["state", "id"], postgresql_where=_FINISHABLE, sqlite_where=_FINISHABLE
    )
    op.create_index(
        "ix_segments_pending", "segments", ["job_id", "index"], postgresql_where=_PENDING, sqlite_where=_PENDING
    )
    op.drop_index("ix_segments_status_job_id_index", "segments")


def downgrade() -> None:
    op.create_index("ix_segments_status_job_id_index", "segments", ["status", "job_id", "index"])
    op.drop_index("ix_segments_pending", "segments")
    op.drop_index("ix_jobs_finishable", "jobs")
    op.drop_index("ix_jobs_queued", "jobs")
    op.drop_column("jobs", "segments_done")
