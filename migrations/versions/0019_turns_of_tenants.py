"""Claim downloads apart from other recordings, and find the due webhook deliveries and the uploads of a tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_UNDELIVERED = sa.text("state = 'pending'")
_QUEUED = sa.text("state = 'queued'")
_UNFINISHED = sa.text("state IN ('open', 'complete')")
_DELIVERIES = "ix_webhook_deliveries_tenant_due_at"


def upgrade() -> None:
    op.create_index(
        "ix_uploads_unfinished", "uploads", ["tenant"], postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED
    )
    op.create_index(
        _DELIVERIES,
        "webhook_deliveries",
        ["tenant", "due_at"],
        postgresql_where=_UNDELIVERED,
        sqlite_where=_UNDELIVERED,
    )
    op.add_column("jobs", sa.Column("to_download", sa.Boolean(), nullable=False, server_default=sa.false()))
    jobs = sa.table("jobs", sa.column("state"), sa.column("to_download"), sa.column("recording", sa.JSON))
    url = jobs.c.recording[("origin", "url")].as_string()
    waiting = jobs.c.state.in_(["queued", "preparing"]) & url.is_not(None)
    op.execute(jobs.update().where(waiting).values(to_download=sa.true()))
    op.drop_index("ix_jobs_queued", "jobs")
    op.create_index(
        "ix_jobs_queued",
        "jobs",
        ["to_download", "priority", "tenant", "id"],
        postgresql_where=_QUEUED,
        sqlite_where=_QUEUED,
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_queued", "jobs")
    op.create_index(
        "ix_jobs_queued", "jobs", ["priority", "tenant", "id"], postgresql_where=_QUEUED, sqlite_where=_QUEUED
    )
    op.drop_column("jobs", "to_download")
    op.drop_index(_DELIVERIES, "webhook_deliveries")
    op.drop_index("ix_uploads_unfinished", "uploads")
