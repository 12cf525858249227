"""The contract of facts in `shared.ports`: when they are stored, stored anew, and forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text, update

from shared.db.tables import JobRow
from shared.domain.facts import ChannelFacts, WorstMinute
from shared.domain.job import JobState
from shared.domain.segment import Correction
from shared.ports import GroupBy, Housekeeping, JobFilter, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, claimed, new_job, prepared


def finished(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> str:
    """A happy job of three segments."""
    job = prepared(jobs, queue, clock)
    queue.record([(claim, HAPPY) for claim in queue.claim_segments(10**9)], MODEL)
    claim = claimed(queue.claim_finish())
    queue.save(claim, claim.job.to(JobState.SUCCEEDED, clock.now()))
    return job.id


def facts_of(jobs: JobRepository, job_id: str) -> ChannelFacts | None:
    return jobs.page(limit=10, after=None, job_filter=JobFilter()).facts.get(job_id)


def found(jobs: JobRepository, job_filter: JobFilter) -> list[str]:
    return [job.id for job in jobs.page(limit=10, after=None, job_filter=job_filter).jobs]


def test_a_job_has_facts_from_its_end_until_it_is_retried(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    running = prepared(jobs, queue, clock)
    assert facts_of(jobs, running.id) is None
    jobs.delete(running.id)
    job_id = finished(jobs, queue, clock)
    facts = facts_of(jobs, job_id)
    assert facts is not None
    assert (facts.channel, facts.segments, facts.skipped, facts.corrected) == (None, 3, 0, 0)
    assert facts.parts["whole"].shares == {"happy": 1.0}
    jobs.correct(job_id, 0, Correction("sad", None, clock.now()))
    corrected = facts_of(jobs, job_id)
    assert corrected is not None
    assert corrected.parts["whole"].shares == {"happy": 0.6667, "sad": 0.3333}
    job = jobs.get(job_id)
    assert jobs.retry(job, job.retried(clock.now()), forget_all=False)
    assert facts_of(jobs, job_id) is None
    assert jobs.insights(JobFilter(), GroupBy()) == []


def test_a_corrected_emotion_is_the_label_of_a_job(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job_id = finished(jobs, queue, clock)
    assert (found(jobs, JobFilter(label="happy")), found(jobs, JobFilter(label="sad"))) == ([job_id], [])
    for index in range(3):
        jobs.correct(job_id, index, Correction("sad", None, clock.now()))
    assert (found(jobs, JobFilter(label="happy")), found(jobs, JobFilter(label="sad"))) == ([], [job_id])
    assert jobs.get(job_id).dominant == "sad"


def test_the_sweep_stores_the_facts_that_older_versions_left_out_or_made_by_other_rules(
    jobs: JobRepository, queue: WorkQueue, housekeeping: Housekeeping, clock: ManualClock, engine: Engine
) -> None:
    job_id = finished(jobs, queue, clock)
    expected = facts_of(jobs, job_id)
    assert expected is not None
    old = {"facts_version": 0, "name": "", "length": 0, "recorded_at": None}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM job_facts"))
        connection.execute(text("DELETE FROM job_metadata"))
        connection.execute(update(JobRow).values(old))
    new_job(jobs, clock)  # one that has not ended is left alone
    assert found(jobs, JobFilter(emotion="happy")) == []
    for _ in range(2):
        housekeeping.renew_facts()
        assert facts_of(jobs, job_id) == expected
    later = clock.now() + timedelta(seconds=1)
    sought = JobFilter(emotion="happy", name="CALL.mp3", metadata=(("case", "7"),), recorded_before=later)
    assert found(jobs, sought) == [job_id]
    with engine.begin() as connection:
        connection.execute(text("UPDATE job_facts SET worst_start = 0, worst_share = 9000"))
        connection.execute(update(JobRow).values(facts_version=0))
    assert facts_of(jobs, job_id) == replace(expected, worst_minute=WorstMinute(0, 0.9))
    housekeeping.renew_facts()
    assert facts_of(jobs, job_id) == expected


def test_a_deleted_job_leaves_no_fact_and_no_metadata(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock, engine: Engine
) -> None:
    jobs.delete(finished(jobs, queue, clock))
    with engine.connect() as connection:
        for table in ("job_facts", "job_metadata"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_metadata_finds_jobs_that_run_and_long_texts_are_found_by_their_beginning(
    jobs: JobRepository, clock: ManualClock
) -> None:
    long = "ä" * 5_000
    job = new_job(jobs, clock, {"note": long, "team": "a\0b", "half": "\ud83d"}, tenant="acme")
    for entry in (("note", long), ("team", "a\0b"), ("half", "\ud83d")):
        assert found(jobs.for_tenant("acme"), JobFilter(metadata=(entry,))) == [job.id]
    assert found(jobs.for_tenant("acme"), JobFilter(metadata=(("team", "a"),))) == []
    assert set(jobs.for_tenant("acme").metadata_keys()) == {"note", "team", "half"}
    assert jobs.for_tenant("other").metadata_keys() == []


def test_a_recording_is_found_by_the_time_in_its_metadata(jobs: JobRepository, clock: ManualClock) -> None:
    times = ("2020-02-03T04:05:06+02:00", "2020-02-03", "yesterday")
    ids = [new_job(jobs, clock, {"recorded_at": time}).id for time in times]
    before = JobFilter(recorded_before=clock.now())
    assert found(jobs, before) == [ids[1], ids[0]]
    assert found(jobs, JobFilter(recorded_after=clock.now().replace(year=2025))) == [ids[2]]
