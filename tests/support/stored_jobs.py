"""Jobs in a store, in the states that tests begin with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import uuid_utils

from shared.domain.emotion import ModelInfo
from shared.domain.job import DEFAULT_TENANT, Job, JobState
from shared.domain.options import JobOptions, Priority, SegmentationOptions
from shared.domain.recording import Recording, RecordingWarning
from shared.domain.segment import Segment, SegmentFlag, SegmentOutcome
from shared.ports import Claim, Clock, JobRepository, StoredSegment, WorkQueue

LEASE_S = 30.0
SECOND = 16_000
MODEL = ModelInfo("test", "1", "00", ("happy",), notice="for tests")
HAPPY = SegmentOutcome.scored({"happy": 0.9, "sad": 0.1})
FLAGS = (SegmentFlag.NARROWBAND, SegmentFlag.QUIET)


def new_job(
    jobs: JobRepository,
    clock: Clock,
    metadata: Mapping[str, str] = MappingProxyType({"case": "7"}),
    *,
    tenant: str = DEFAULT_TENANT,
    priority: Priority = "normal",
    webhook_url: str | None = None,
    webhook_endpoint_id: str | None = None,
    webhook_progress: bool = False,
) -> Job:
    recording = Recording("call.mp3", 10, "ab", "jobs/x/source", warnings=(RecordingWarning.TRUNCATED,))
    options = JobOptions(
        channels="split",
        segmentation=SegmentationOptions(max_ms=9000),
        priority=priority,
        webhook_url=webhook_url,
        webhook_endpoint_id=webhook_endpoint_id,
        webhook_progress=webhook_progress,
        metadata=dict(metadata),
    )
    job = Job(f"job_{uuid_utils.uuid7()}", recording, options, clock.now(), tenant)
    jobs.add(job)
    return job


def stored(index: int, start_s: int = 0, seconds: int = 10) -> StoredSegment:
    start = start_s * SECOND
    segment = Segment(index, 0, start, start + seconds * SECOND, seconds * SECOND, FLAGS)
    return StoredSegment(segment, f"jobs/x/{index}.flac")


def prepared(
    jobs: JobRepository,
    queue: WorkQueue,
    clock: Clock,
    segments: int = 3,
    *,
    tenant: str = DEFAULT_TENANT,
    priority: Priority = "normal",
) -> Job:
    """A job whose segments, of 10 s each, wait to be analysed."""
    new_job(jobs, clock, tenant=tenant, priority=priority)
    claim = queue.claim_preparation()
    assert claim is not None
    job = claim.job.to(JobState.INFERRING, clock.now())
    queue.save(claim, job, add=[stored(index, 20 * index) for index in range(segments)])
    return job


def claimed(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim
