"""Add the models that workers run."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("precision", sa.String, primary_key=True),
        sa.Column("model", sa.JSON, nullable=False),
        sa.Column("first_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("models")
