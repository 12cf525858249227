from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.errors import AudioDeleted, JobDeleted, LeaseLost, ObjectNotFound
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import JobState, deadline
from shared.domain.options import JobOptions, RetentionOptions
from shared.domain.segment import PENDING, Segment
from shared.ports import JobRepository
from shared.services.object_keys import own_logits_key, source_key
from shared.services.sweeper import Sweeper
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.media.case import spoken
from tests.support.stored_jobs import HAPPY, MODEL, new_job, stored

FOREVER = RetentionOptions()


@pytest.fixture
def later(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    """The services on a clock that is told to move."""
    with open_services(Settings(data_dir=tmp_path / "data"), LocalWakeUps(), clock) as services:
        yield services


def submitted(services: Services, retention: RetentionOptions = FOREVER) -> str:
    with services.submission.begin() as upload:
        upload.write(spoken("wav"))
        return upload.commit("call.wav", JobOptions(retention=retention)).id


def test_objects_written_for_a_deleted_job_are_swept_away(services: Services) -> None:
    job_id = submitted(services)
    services.cancellation.delete(job_id)
    late = f"jobs/{job_id}/segments/000000.flac"
    with services.object_store.writer(late) as writer:
        writer.write(b"late")
    Sweeper(
        services.jobs,
        services.ports.housekeeping,
        services.ports.uploads,
        services.object_store,
        services.ports.wake_ups,
        services.clock,
        lease_s=0,
    ).run()
    with pytest.raises(ObjectNotFound):
        services.object_store.read(late)
    with pytest.raises(JobDeleted):
        services.jobs.get(job_id)
    assert services.ports.housekeeping.purgeable(0) == []


def test_the_sweep_waits_until_no_worker_can_still_be_writing(services: Services) -> None:
    job_id = submitted(services)
    services.cancellation.delete(job_id)
    services.sweeper.run()
    assert services.ports.housekeeping.purgeable(0) == [job_id]


def ended(services: Services, job_id: str) -> None:
    services.cancellation.cancel(job_id)
    services.sweeper.run()


def test_sound_is_deleted_when_its_time_has_come_and_results_stay(services: Services) -> None:
    job_id = submitted(services, RetentionOptions(audio_s=0))
    services.sweeper.run()
    assert services.object_store.read(source_key(job_id))  # as long as the job has not ended
    result = own_logits_key(job_id, Segment(0, 0, 0, 1600, 1600))
    with services.object_store.writer(result) as writer:
        writer.write(b"result")
    ended(services, job_id)
    with pytest.raises(ObjectNotFound):
        services.object_store.read(source_key(job_id))
    assert services.object_store.read(result)
    assert services.jobs.get(job_id).audio_deleted
    assert services.ports.housekeeping.audio_expired() == []
    with pytest.raises(AudioDeleted):
        services.job_retry.retry(job_id, "all")
    with pytest.raises(AudioDeleted):
        services.reader.segment_audio(job_id, 0)


def test_jobs_are_deleted_when_their_time_has_come(services: Services) -> None:
    job_id = submitted(services, RetentionOptions(results_s=0))
    assert services.jobs.get(job_id).expires_at is None
    ended(services, job_id)
    with pytest.raises(JobDeleted):
        services.jobs.get(job_id)
    with pytest.raises(ObjectNotFound):
        services.object_store.read(source_key(job_id))


def test_one_sweep_deletes_many_jobs_with_their_objects(services: Services) -> None:
    job_ids = [submitted(services, RetentionOptions(results_s=0)) for _ in range(20)]
    for job_id in job_ids:
        job = services.jobs.get(job_id)
        assert services.jobs.replace(job, job.to(JobState.CANCELED, services.clock.now()))
    services.sweeper.run()
    assert services.jobs.get_all(job_ids) == {}
    assert [services.object_store.sizes(f"jobs/{job_id}/") for job_id in job_ids] == [{}] * 20


def test_nothing_is_deleted_before_its_retention_ends(services: Services) -> None:
    job_id = submitted(services, RetentionOptions(audio_s=60, results_s=120))
    ended(services, job_id)
    job = services.jobs.get(job_id)
    assert job.finished_at
    assert job.expires_at == job.finished_at + timedelta(seconds=120)
    assert services.object_store.read(source_key(job_id))


def test_a_job_that_has_not_ended_in_time_fails_in_whatever_state_it_is(later: Services, clock: ManualClock) -> None:
    jobs, queue, sweep = later.jobs, later.ports.work_queue, later.sweeper
    ids = [queued_until(jobs, clock, 60) for _ in range(6)]
    forever, ended, finishing, inferring, preparing, queued = ids
    jobs.replace(jobs.get(forever), replace(jobs.get(forever), deadline_at=None))
    for _ in range(5):
        claim = queue.claim_preparation()
        assert claim
        if claim.job.id == ended:
            queue.save(claim, claim.job.failed(FAILURES[FailureCode.TOO_LONG], clock.now()))
        elif claim.job.id != preparing:
            add = [stored(index) for index in range(2) if claim.job.id != finishing]
            queue.save(claim, claim.job.to(JobState.INFERRING, clock.now()), add=add)
    finish = queue.claim_finish()
    assert finish
    assert finish.job.id == finishing
    completed, *_ = (
        segment_claim for segment_claim in queue.claim_segments(10**9) if segment_claim.job_id == inferring
    )
    queue.record([(completed, HAPPY)], MODEL)
    clock.advance(59)
    sweep.run()
    assert {jobs.get(job_id).failure for job_id in ids if job_id != ended} == {None}
    clock.advance(1)
    sweep.run()
    for job_id in (queued, preparing, inferring, finishing):
        job = jobs.get(job_id)
        assert (job.state, job.failure) == (JobState.FAILED, FAILURES[FailureCode.DEADLINE_EXCEEDED])
        assert job.finished_at == clock.now()
    assert jobs.get(queued).started_at is None
    assert jobs.get(ended).failure == FAILURES[FailureCode.TOO_LONG]
    assert jobs.get(forever).state is JobState.INFERRING
    with pytest.raises(LeaseLost):
        queue.renew(finish)
    assert [result.outcome for result in jobs.results(inferring)] == [HAPPY, PENDING]
    later.job_retry.retry(inferring, "failed_segments")
    clock.advance(59)
    sweep.run()
    assert jobs.get(inferring).state is JobState.QUEUED
    assert jobs.results(inferring)[0].outcome == HAPPY


def queued_until(jobs: JobRepository, clock: ManualClock, seconds: int) -> str:
    job = replace(new_job(jobs, clock), options=JobOptions(deadline_s=seconds))
    jobs.replace(job, replace(job, deadline_at=deadline(job.options, clock.now())))
    return job.id


def test_a_job_that_is_tried_again_does_not_expire_meanwhile(services: Services) -> None:
    job_id = submitted(services, RetentionOptions(audio_s=60, results_s=0))
    services.cancellation.cancel(job_id)
    services.job_retry.retry(job_id, "all")
    services.sweeper.run()
    assert services.jobs.get(job_id).state is JobState.QUEUED
