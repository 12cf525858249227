"""Add the facts of jobs and their metadata as rows. The sweep fills them for older jobs, so that no start waits."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_PARTS = ("whole", "first_quarter", "second_quarter", "third_quarter", "last_quarter")
_EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")
_WITHOUT_FACTS = sa.text("finished_at IS NOT NULL AND NOT facts_stored")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("talk", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("name", sa.String(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("length", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("recorded_at", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("facts_stored", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_jobs_tenant_name_id", "jobs", ["tenant", "name", "id"])
    op.create_index("ix_jobs_tenant_length_id", "jobs", ["tenant", "length", "id"])
    op.create_index(
        "ix_jobs_without_facts", "jobs", ["id"], postgresql_where=_WITHOUT_FACTS, sqlite_where=_WITHOUT_FACTS
    )
    shares = (
        sa.Column(f"{part}_{emotion}", sa.SmallInteger(), nullable=False, server_default="0")
        for part in _PARTS
        for emotion in _EMOTIONS
    )
    op.create_table(
        "job_facts",
        *shares,
        sa.Column("worst_share", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("talk_share", sa.SmallInteger()),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer()),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(f"{part}_samples", sa.BigInteger(), nullable=False, server_default="0") for part in _PARTS),
        sa.Column("speech", sa.BigInteger(), nullable=False),
        sa.Column("analysed", sa.BigInteger(), nullable=False),
        sa.Column("worst_start", sa.BigInteger()),
        sa.Column("job_id", sa.String(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("role", sa.String()),
        sa.PrimaryKeyConstraint("job_id", "channel"),
    )
    op.create_index("ix_job_facts_tenant_channel_day", "job_facts", ["tenant", "channel", "day"])
    op.create_index("ix_job_facts_tenant_role_day", "job_facts", ["tenant", "role", "day"])
    op.create_table(
        "job_metadata",
        sa.Column("job_id", sa.String(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "key"),
    )
    op.create_index("ix_job_metadata_tenant_key_value_job_id", "job_metadata", ["tenant", "key", "value", "job_id"])


def downgrade() -> None:
    op.drop_table("job_metadata")
    op.drop_table("job_facts")
    op.drop_index("ix_jobs_without_facts", "jobs")
    op.drop_index("ix_jobs_tenant_length_id", "jobs")
    op.drop_index("ix_jobs_tenant_name_id", "jobs")
    for column in ("facts_stored", "recorded_at", "length", "name", "talk"):
        op.drop_column("jobs", column)
