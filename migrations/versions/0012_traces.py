"""Add the trace of the request that submitted a job, for its later work."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("trace", sa.String))


def downgrade() -> None:
    op.drop_column("jobs", "trace")
