"""The queries that KEDA scales the workers by, on a database like the one that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from shared.db.engine import open_engine
from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.segment import SegmentStatus
from tests.support.compose import ROOT

QUERIES = ROOT / "deploy" / "helm" / "emoline" / "queries"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RATE = 16_000


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    opened = open_engine(postgres_url)
    yield opened
    opened.dispose()


def answer(engine: Engine, queue: str) -> Any:
    with engine.connect() as connection:
        return connection.scalar(text((QUERIES / f"{queue}.sql").read_text(encoding="utf-8")))


def add_job(engine: Engine, state: JobState, segments: dict[SegmentStatus, list[float]] | None = None) -> None:
    """A job, with segments of so many seconds in each status."""
    job = f"job_{state}"
    durations = [(status, duration) for status, them in (segments or {}).items() for duration in them]
    with Session(engine) as session, session.begin():
        finished_at = NOW if state.terminal else None
        counts = {"attempts": 1, "prepared": 0, "speech": 0, "priority": 0}
        session.execute(
            insert(JobRow),
            [
                {"id": job, "tenant": "t", "state": state, "recording": {}, "options": {}, "created_at": NOW}
                | {"finished_at": finished_at}
                | counts
            ],
        )
        for index, (status, duration) in enumerate(durations):
            place = {"job_id": job, "index": index, "channel": 0, "start": RATE, "end": RATE + int(duration * RATE)}
            session.execute(
                insert(SegmentRow),
                [place | {"speech": 0, "flags": [], "audio_key": "x", "status": status, "emotion": "unknown"}],
            )


def test_infer_is_scaled_by_the_seconds_of_sound_that_wait_for_the_model(engine: Engine) -> None:
    assert answer(engine, "infer") == 0
    waiting = {SegmentStatus.PENDING: [2.5, 10.0], SegmentStatus.OK: [100.0], SegmentStatus.SKIPPED: [100.0]}
    for state in JobState:
        add_job(engine, state, waiting)
    assert answer(engine, "infer") == 25, "12.5 s each of the jobs that are being prepared and inferred"


def test_prepare_is_scaled_by_the_recordings_that_wait_or_are_in_hand(engine: Engine) -> None:
    assert answer(engine, "prepare") == 0
    for state in JobState:
        add_job(engine, state)
    assert answer(engine, "prepare") == 2


def test_a_part_of_a_second_that_waits_is_work_too(engine: Engine) -> None:
    add_job(engine, JobState.INFERRING, {SegmentStatus.PENDING: [0.4]})
    assert answer(engine, "infer") == 1
