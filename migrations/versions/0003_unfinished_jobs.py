"""Add an index of unfinished jobs, so that claims do not read finished ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_jobs_unfinished", "jobs", ["id"], postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED)


def downgrade() -> None:
    op.drop_index("ix_jobs_unfinished", "jobs")
