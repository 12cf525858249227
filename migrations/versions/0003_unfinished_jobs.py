"""An index of the jobs that have not ended: claims do not read through those that have."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_jobs_unfinished", "jobs", ["id"], postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED)


def downgrade() -> None:
    op.drop_index("ix_jobs_unfinished", "jobs")
