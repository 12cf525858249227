"""Add the tenant, the priority and the served samples of jobs, and an index of deleted jobs that are not purged."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NOT_PURGED = sa.text("NOT purged")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("tenant", sa.String, nullable=False, server_default="default"))
    op.add_column("jobs", sa.Column("priority", sa.Integer, nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("served", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index(
        "ix_deleted_jobs_deleted_at",
        "deleted_jobs",
        ["deleted_at"],
        postgresql_where=_NOT_PURGED,
        sqlite_where=_NOT_PURGED,
    )


def downgrade() -> None:
    op.drop_index("ix_deleted_jobs_deleted_at", "deleted_jobs")
    for name in ("served", "priority", "tenant"):
        op.drop_column("jobs", name)
