"""Add an index of the turns of jobs under way, so that a claim of segments reads the first jobs of each tenant only."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ANALYSABLE = sa.text("state IN ('preparing', 'inferring')")


def upgrade() -> None:
    op.create_index(
        "ix_jobs_turns",
        "jobs",
        ["priority", "tenant", "served", "id"],
        postgresql_where=_ANALYSABLE,
        sqlite_where=_ANALYSABLE,
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_turns", "jobs")
