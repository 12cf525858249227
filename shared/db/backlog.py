"""The backlog of the workers, counted in the tables; the broker's queues hold mere wake-ups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Engine, cast, func, select, text
from sqlalchemy.orm import Session

from shared.db.outbox import PENDING as UNDELIVERED
from shared.db.sessions import Sessions
from shared.db.tables import ANALYSABLE, PENDING, DeletedJobRow, JobRow, SegmentRow, UploadRow, WebhookDeliveryRow
from shared.db.uploads import PARTS_STILL_COMING, purgeable_uploads
from shared.domain.job import JobState
from shared.ports import Clock, Queue, Waiting

_SIZE = cast(JobRow.recording["size_bytes"].as_string(), BigInteger)
_BY_STATE = (
    select(JobRow.state, func.count(), func.min(JobRow.created_at), func.sum(_SIZE))
    # There is an index of unfinished jobs.
    .where(JobRow.finished_at.is_(None))
    .group_by(JobRow.state)
)
_UNANALYSED = (
    select(
        JobRow.state,
        func.count(SegmentRow.job_id.distinct()),
        func.min(JobRow.created_at),
        func.sum(SegmentRow.end - SegmentRow.start),
    )
    .join(JobRow, JobRow.id == SegmentRow.job_id)
    .where(PENDING, ANALYSABLE)
    .group_by(JobRow.state)
)
_SERVER_BYTES = text("SELECT pg_database_size(current_database())")
_FILE_BYTES = text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
_DUE = select(func.count(), func.min(WebhookDeliveryRow.due_at)).where(UNDELIVERED)


class SqlBacklog:
    """`shared.ports.Backlog`. Its cost grows with the backlog: about 150 ms for a hundred thousand segments."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._read = Sessions.read_only(engine)
        self._clock = clock

    def waiting(self) -> Sequence[Waiting]:
        with self._read() as session:
            jobs = _rows(session, _BY_STATE)
            unanalysed = _rows(session, _UNANALYSED)
            deliveries, due_since = session.execute(_DUE.where(WebhookDeliveryRow.due_at <= self._clock.now())).one()
        # On a server each query sees the tables at a later time, so the difference may be negative.
        analysed = _count(jobs, JobState.INFERRING) - _count(unanalysed, JobState.INFERRING)
        queued, preparing = (jobs.get(state.value, _EMPTY) for state in (JobState.QUEUED, JobState.PREPARING))
        inferring_since = min((since for _, since, _ in unanalysed.values() if since), default=None)
        return [
            Waiting(Queue.PREPARE, queued[0] + preparing[0], queued[1], size=queued[2] + preparing[2]),
            Waiting(
                Queue.INFER,
                sum(number for number, _, _ in unanalysed.values()),
                inferring_since,
                samples=sum(samples for *_, samples in unanalysed.values()),
            ),
            Waiting(Queue.FINISH, max(0, analysed) + _count(jobs, JobState.FINISHING)),
            Waiting(Queue.DELIVER, deliveries, due_since),
        ]

    def undeleted_since(self) -> datetime | None:
        now = self._clock.now()
        uploads = select(func.min(UploadRow.expires_at)).where(purgeable_uploads(now))
        oldest = (
            select(func.min(DeletedJobRow.deleted_at)).where(~DeletedJobRow.purged),
            select(func.min(JobRow.expires_at)).where(JobRow.expires_at <= now),
            select(func.min(JobRow.audio_expires_at)).where(JobRow.audio_expires_at <= now),
        )
        with self._read() as session:
            expired = session.scalar(uploads)
            due = [expired + PARTS_STILL_COMING] if expired else []
            return min([*due, *filter(None, map(session.scalar, oldest))], default=None)

    def database_bytes(self) -> int:
        with self._read() as session:
            on_server = session.get_bind().dialect.name == "postgresql"
            return int(session.scalar(_SERVER_BYTES if on_server else _FILE_BYTES) or 0)


_Row = tuple[int, Any, int]
_EMPTY: _Row = (0, None, 0)


def _rows(session: Session, query: Any) -> dict[str, _Row]:
    """Return by state: the number of jobs, the creation time of the oldest, and their bytes or samples."""
    return {state: (number, since, int(amount or 0)) for state, number, since, amount in session.execute(query)}


def _count(jobs: dict[str, _Row], state: JobState) -> int:
    return jobs.get(state.value, _EMPTY)[0]
