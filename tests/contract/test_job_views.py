"""Jobs that are read together with the counts of their segments."""

from __future__ import annotations

from shared.domain.failure import FailureCode
from shared.domain.job import SegmentCounts
from shared.domain.segment import SegmentOutcome
from shared.ports import JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, SECOND, new_job, prepared


def test_jobs_come_with_their_counts_and_missing_jobs_are_left_out(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    half, whole, deleted = (
        prepared(jobs, queue, clock, 3),
        prepared(jobs, queue, clock, 1),
        prepared(jobs, queue, clock, 1),
    )
    fresh = new_job(jobs, clock)
    jobs.delete(deleted.id)
    claims = {(claim.job_id, claim.stored.segment.index): claim for claim in queue.claim_segments(60 * SECOND)}
    skipped = SegmentOutcome.skipped(FailureCode.TIMEOUT)
    queue.record([(claims[half.id, 0], HAPPY), (claims[half.id, 1], skipped), (claims[whole.id, 0], HAPPY)], MODEL)
    ids = {half.id, whole.id, fresh.id, deleted.id, "job_unknown"}
    jobs_by_id = {job.id: (job, counts) for job, counts in jobs.get_with_counts(ids)}
    assert jobs_by_id == {
        half.id: (jobs.get(half.id), SegmentCounts(3, 1, 1, 10 * SECOND)),
        whole.id: (jobs.get(whole.id), SegmentCounts(1, 1, 0, 10 * SECOND)),
        fresh.id: (jobs.get(fresh.id), SegmentCounts()),
    }
    assert {job_id: counts for job_id, (_, counts) in jobs_by_id.items()} == jobs.counts(list(jobs_by_id))
    assert all(type(counts.analysed) is int for _, counts in jobs_by_id.values())


def test_no_ids_give_no_jobs(jobs: JobRepository, clock: ManualClock) -> None:
    new_job(jobs, clock)
    assert jobs.get_with_counts([]) == []
