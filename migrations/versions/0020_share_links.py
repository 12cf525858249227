"""Let an API key be for one job and for a time: a share link."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("job_id", sa.String))
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.create_index("ix_api_keys_job_id", "api_keys", ["job_id"])


def downgrade() -> None:
    # Without its job a share link would open everything.
    op.execute("DELETE FROM api_keys WHERE job_id IS NOT NULL")
    op.drop_index("ix_api_keys_job_id", "api_keys")
    op.drop_column("api_keys", "expires_at")
    op.drop_column("api_keys", "job_id")
