"""Add idempotency keys, unique for each tenant, and the expiry of jobs and of their audio."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("idempotency_key", sa.String))
    op.create_index("ix_jobs_tenant_idempotency_key", "jobs", ["tenant", "idempotency_key"], unique=True)
    op.add_column("jobs", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("audio_expires_at", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("audio_deleted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])
    op.create_index("ix_jobs_audio_expires_at", "jobs", ["audio_expires_at"])


def downgrade() -> None:
    op.drop_index("ix_jobs_audio_expires_at", "jobs")
    op.drop_index("ix_jobs_expires_at", "jobs")
    for name in ("audio_deleted", "audio_expires_at", "expires_at"):
        op.drop_column("jobs", name)
    op.drop_index("ix_jobs_tenant_idempotency_key", "jobs")
    op.drop_column("jobs", "idempotency_key")
