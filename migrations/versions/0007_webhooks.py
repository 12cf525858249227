"""Add webhook deliveries, endpoints and signing secrets."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)
_UNDELIVERED = sa.text("state = 'pending'")
_IN_HAND = sa.text("lease_until IS NOT NULL")


def _signing() -> list[sa.Column[Any]]:
    return [
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("previous_secret", sa.String),
        sa.Column("previous_until", _TIME),
    ]


def upgrade() -> None:
    op.create_table("webhook_secrets", sa.Column("tenant", sa.String, primary_key=True), *_signing())
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False, index=True),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("failing_since", _TIME),
        sa.Column("disabled_at", _TIME),
        *_signing(),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), index=True),
        sa.Column("endpoint_id", sa.String, index=True),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("receiver", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("lease_until", _TIME),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.String),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("delivered_at", _TIME),
    )
    for columns, where in ((["tenant", "id"], None), (["due_at"], _UNDELIVERED), (["lease_until"], _IN_HAND)):
        name = f"ix_webhook_deliveries_{'_'.join(columns)}"
        op.create_index(name, "webhook_deliveries", columns, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_endpoints", "webhook_secrets"):
        op.drop_table(table)
