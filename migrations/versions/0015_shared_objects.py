"""Add the places of segments in objects that hold several: their audio, and their logits."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for name, kind in (("audio_start", sa.Integer), ("audio_end", sa.Integer), ("logits_key", sa.String)):
        op.add_column("segments", sa.Column(name, kind))


def downgrade() -> None:
    for name in ("audio_start", "audio_end", "logits_key"):
        op.drop_column("segments", name)
