"""Add to segments what a calibrated model says of them: p-values of the emotions, and how unfamiliar they sound."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("segments", sa.Column("p_values", sa.JSON()))
    op.add_column("segments", sa.Column("unfamiliarity", sa.Double()))


def downgrade() -> None:
    op.drop_column("segments", "unfamiliarity")
    op.drop_column("segments", "p_values")
