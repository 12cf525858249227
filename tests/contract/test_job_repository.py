"""The contract of `shared.ports.JobRepository` and `shared.ports.Housekeeping`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import JobDeleted, JobNotFound, LeaseLost, SegmentNotFound
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import Job, JobState, JobStatus
from shared.domain.options import RetentionOptions
from shared.domain.playback_errors import SpeakerNotFound
from shared.domain.recording import Origin
from shared.domain.speakers import Speaker
from shared.ports import Housekeeping, JobFilter, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import FLAGS, HAPPY, MODEL, SECOND, claimed, new_job, prepared, stored


def test_a_job_is_read_as_it_was_written(jobs: JobRepository, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    assert jobs.get(job.id) == job


def test_metadata_comes_back_to_the_letter(jobs: JobRepository, clock: ManualClock) -> None:
    metadata = {
        "z": "first",
        "a": "null \0, quote ', a letter \N{HIRAGANA LETTER A}",
        "half of a pair": "\ud83d",
        "": "",
    }
    job = new_job(jobs, clock, metadata=metadata)
    assert list(jobs.get(job.id).options.metadata.items()) == list(metadata.items())


def test_times_come_back_in_utc_to_the_microsecond(jobs: JobRepository, clock: ManualClock) -> None:
    clock.advance(0.123457)
    job = new_job(jobs, clock)
    assert jobs.get(job.id).created_at.isoformat() == "2026-01-01T00:00:00.123457+00:00"


def test_an_unknown_job_is_not_found(jobs: JobRepository) -> None:
    with pytest.raises(JobNotFound):
        jobs.get("job_0")


def test_pages_are_newest_first_and_meet_without_overlap(jobs: JobRepository, clock: ManualClock) -> None:
    ids = [new_job(jobs, clock).id for _ in range(5)]
    first = jobs.page(limit=2, after=None, job_filter=JobFilter())
    second = jobs.page(limit=3, after=first.next_cursor, job_filter=JobFilter())
    assert [job.id for job in [*first.jobs, *second.jobs]] == ids[::-1]
    assert second.next_cursor is None


def test_a_page_can_be_of_one_status(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    first, second = new_job(jobs, clock), new_job(jobs, clock)
    queue.claim_preparation()
    assert [job.id for job in jobs.page(limit=9, after=None, job_filter=JobFilter(JobStatus.PROCESSING)).jobs] == [
        first.id
    ]
    assert [job.id for job in jobs.page(limit=9, after=None, job_filter=JobFilter(JobStatus.QUEUED)).jobs] == [
        second.id
    ]


def test_the_jobs_of_a_batch_are_counted_and_listed_within_their_tenant(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock).id for _ in range(3)]
    for job_id in ids[:2]:
        assert jobs.replace(jobs.get(job_id), replace(jobs.get(job_id), batch_id="batch_1"))
    claimed(queue.claim_preparation())
    assert jobs.batch("batch_1") == {JobState.PREPARING: 1, JobState.QUEUED: 1}
    assert jobs.batch("batch_2") == jobs.for_tenant("other").batch("batch_1") == {}
    page = jobs.page(limit=9, after=None, job_filter=JobFilter(batch_id="batch_1"))
    assert [job.id for job in page.jobs] == ids[1::-1]
    assert jobs.for_tenant("other").page(limit=9, after=None, job_filter=JobFilter(batch_id="batch_1")).jobs == []


def test_a_job_is_overdue_from_its_deadline_until_it_has_ended(
    jobs: JobRepository, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    late = new_job(jobs, clock)
    assert jobs.replace(late, replace(late, deadline_at=clock.now() + timedelta(seconds=60)))
    clock.advance(58)
    assert housekeeping.overdue() == []
    clock.advance(4)
    assert [job.id for job in housekeeping.overdue()] == [late.id]
    assert jobs.replace(late, jobs.get(late.id).to(JobState.CANCELED, clock.now()))
    assert housekeeping.overdue() == []


def test_the_url_of_a_recording_comes_back_until_its_audio_is_deleted(jobs: JobRepository, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    origin = Origin("https://a.example/x", "ab", named=True, url="https://a.example/x?token=1")
    elsewhere = job.evolve(recording=replace(job.recording, size_bytes=None, sha256=None, origin=origin))
    assert jobs.replace(job, elsewhere)
    assert jobs.get(job.id) == elsewhere
    assert jobs.replace(elsewhere, elsewhere.without_audio())
    assert jobs.get(job.id).recording.missing_from is None
    assert "token" not in repr(elsewhere)


def test_replacing_needs_the_state_to_be_as_it_was_and_ends_the_lease(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    assert not jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert jobs.replace(claim.job, claim.job.to(JobState.CANCELED, clock.now()))
    with pytest.raises(LeaseLost):
        queue.renew(claim)
    assert jobs.get(job.id).state is JobState.CANCELED


def test_a_failure_is_stored(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.failed(FAILURES[FailureCode.NO_AUDIO_STREAM], clock.now()))
    assert jobs.get(claim.job.id).failure == FAILURES[FailureCode.NO_AUDIO_STREAM]


def test_a_deleted_job_leaves_its_id_and_workers_lose_their_leases(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock)
    claims = queue.claim_segments(60 * SECOND)
    jobs.delete(job.id)
    with pytest.raises(JobDeleted):
        jobs.get(job.id)
    with pytest.raises(JobDeleted):
        jobs.delete(job.id)
    with pytest.raises(LeaseLost):
        queue.renew_segments(claims)
    assert queue.record([(claim, HAPPY) for claim in claims], MODEL) == 0
    with pytest.raises(SegmentNotFound):
        jobs.segment(job.id, 0)


def test_deleted_jobs_are_purgeable_until_they_are_purged(
    jobs: JobRepository, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)
    jobs.delete(job.id)
    clock.advance(60)
    assert housekeeping.purgeable(60) == []
    clock.advance(1)
    assert housekeeping.purgeable(60) == [job.id]
    housekeeping.mark_purged(job.id)
    assert housekeeping.purgeable(60) == []


def test_segments_come_in_pages_by_index(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, 5)
    assert [result.segment.index for result in jobs.results(job.id, after=1, limit=2)] == [2, 3]
    assert jobs.segment(job.id, 4) == stored(4, 80)


def test_flags_come_back_as_they_went_in(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    flagged, plain = stored(0), stored(1, 20)
    plain = replace(plain, segment=replace(plain.segment, flags=()))
    queue.save(claim, claim.job, add=[flagged, plain])
    assert [result.segment.flags for result in jobs.results(job.id)] == [FLAGS, ()]


def test_a_job_is_revised_and_an_error_leaves_it(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = new_job(jobs, clock)

    def fail(_: Job) -> Job:
        raise SpeakerNotFound

    recording = replace(job.recording, speakers=(Speaker(0.9, "Ada"), Speaker(0.8, merged_into=0)))
    options = replace(job.options, retention=RetentionOptions(audio_s=60))
    revised = jobs.revise(job.id, lambda before: before.evolve(recording=recording, options=options))
    assert revised == jobs.get(job.id) == job.evolve(recording=recording, options=options)
    with pytest.raises(SpeakerNotFound):
        jobs.revise(job.id, fail)
    assert jobs.get(job.id) == revised
    with pytest.raises(JobNotFound):
        jobs.for_tenant("another").revise(job.id, fail)
