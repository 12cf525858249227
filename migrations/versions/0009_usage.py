"""Add usage by API key and day, and indexes of jobs by emotion."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ANALYSED = sa.text("status = 'ok'")


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("job_id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("key_id", sa.String),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("samples", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_usage_tenant_day", "usage", ["tenant", "day"])
    op.add_column("jobs", sa.Column("key_id", sa.String))
    op.add_column("jobs", sa.Column("dominant", sa.String))
    op.create_index("ix_jobs_tenant_id", "jobs", ["tenant", "id"])
    op.create_index("ix_jobs_tenant_dominant_id", "jobs", ["tenant", "dominant", "id"])
    op.create_index(
        "ix_segments_job_id_emotion",
        "segments",
        ["job_id", "emotion"],
        postgresql_where=_ANALYSED,
        sqlite_where=_ANALYSED,
    )


def downgrade() -> None:
    op.drop_index("ix_segments_job_id_emotion", "segments")
    op.drop_index("ix_jobs_tenant_dominant_id", "jobs")
    op.drop_index("ix_jobs_tenant_id", "jobs")
    for name in ("dominant", "key_id"):
        op.drop_column("jobs", name)
    op.drop_table("usage")
