"""Tell by which rules the facts of a job were made. The sweep renews those of older rules, so that no start waits."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"

_WITHOUT_FACTS = sa.text("finished_at IS NOT NULL AND NOT facts_stored")
_ENDED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("facts_version", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_facts_version", "jobs", ["facts_version"], postgresql_where=_ENDED, sqlite_where=_ENDED)
    op.drop_index("ix_jobs_without_facts", "jobs")
    op.drop_column("jobs", "facts_stored")


def downgrade() -> None:
    op.add_column("jobs", sa.Column("facts_stored", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_jobs_without_facts", "jobs", ["id"], postgresql_where=_WITHOUT_FACTS, sqlite_where=_WITHOUT_FACTS
    )
    op.drop_index("ix_jobs_facts_version", "jobs")
    op.drop_column("jobs", "facts_version")
