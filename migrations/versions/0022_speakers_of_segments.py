"""Add the speakers of segments, by number; the recording has their names."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("segments", sa.Column("speaker", sa.SmallInteger()))


def downgrade() -> None:
    op.drop_column("segments", "speaker")
