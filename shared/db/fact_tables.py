"""The tables by which jobs are found: the facts of their channels, and their metadata.

The facts are columns, not a row for each emotion: the mean shares of 100,000 jobs are then one pass over as many rows.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, SmallInteger, String, Table

from shared.db.table_base import Base
from shared.domain.alert import Part
from shared.domain.emotion import EMOTIONS
from shared.domain.facts import PARTS

WHOLE_RECORDING = -1
"""The channel of the row with the facts of all channels together."""

TEN_THOUSANDTHS = 10_000
"""Shares are whole numbers of ten thousandths: a quarter of the size of a float, and equal after a round trip."""


def label_bits(emotions: Collection[str]) -> int:
    """Return a number with a bit for each of the emotions, 0 for one that `EMOTIONS` lacks."""
    return sum(1 << place for place, emotion in enumerate(EMOTIONS) if emotion in emotions)


def share_column(part: Part, emotion: str) -> str:
    """Return the name of the column with the share of an emotion in a part."""
    return f"{part}_{emotion}"


def analysed_column(part: Part) -> str:
    """Return the name of the column with the analysed samples of a part."""
    return f"{part}_samples"


FACTS = Table(
    "job_facts",
    Base.metadata,
    *(
        Column(share_column(part, emotion), SmallInteger, nullable=False, server_default="0")
        for part in PARTS
        for emotion in EMOTIONS
    ),
    Column("worst_share", SmallInteger, nullable=False, server_default="0"),
    Column("talk_share", SmallInteger),
    Column("channel", Integer, primary_key=True),
    Column("segments", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("corrected", Integer, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("interruptions", Integer),
    Column("day", Date, nullable=False),
    *(Column(analysed_column(part), BigInteger, nullable=False, server_default="0") for part in PARTS),
    Column("speech", BigInteger, nullable=False),
    Column("analysed", BigInteger, nullable=False),
    Column("worst_start", BigInteger),
    Column("job_id", String, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("tenant", String, nullable=False),
    Column("role", String),
    Index(None, "tenant", "channel", "day"),
    Index(None, "tenant", "role", "day"),
)
"""The facts of each channel of the jobs that have succeeded, and of all channels together.

`day` is the day of the recording in UTC. `alerts`, and in `labels` a bit for each emotion of a segment
(`label_bits`), are those of the job in each of its rows.
"""

METADATA = Table(
    "job_metadata",
    Base.metadata,
    Column("job_id", String, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("value", String, nullable=False),
    Index(None, "tenant", "key", "value", "job_id"),
)
"""The metadata of jobs, an entry in each row."""
