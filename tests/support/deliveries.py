"""Jobs with webhooks, and the deliveries of their events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from shared.domain.job import Job, JobState
from shared.domain.webhook import Attempt
from shared.ports import Claim, DeliveryClaim, DeliveryQueue, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, claimed, new_job, stored

URL = "https://hooks.example/emoline?tenant=7"
SUCCESS = Attempt(204)


def claim_due(webhooks: DeliveryQueue) -> DeliveryClaim:
    """Claim a delivery, which must exist."""
    claim = webhooks.claim()
    assert claim is not None
    return claim


def deliver_all(webhooks: DeliveryQueue) -> list[dict[str, Any]]:
    """Return every event that is due, and record its delivery."""
    events = []
    while claim := webhooks.claim():
        events.append(json.loads(claim.body))
        assert webhooks.record(claim, SUCCESS)
    return events


def event_types(webhooks: DeliveryQueue) -> list[str]:
    """Return the types of every event that is due, and record their delivery."""
    return [event["type"] for event in deliver_all(webhooks)]


def start_job(jobs: JobRepository, queue: WorkQueue, clock: ManualClock, **options: Any) -> Claim:
    """Add a job with a webhook URL, and claim its preparation."""
    new_job(jobs, clock, **({"webhook_url": URL} | options))
    return claimed(queue.claim_preparation())


def finish_job(queue: WorkQueue, clock: ManualClock, claim: Claim) -> Job:
    """Return the job, succeeded with three analysed segments."""
    queue.save(
        claim, claim.job.to(JobState.INFERRING, clock.now()), add=[stored(index, 20 * index) for index in range(3)]
    )
    queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
    finish = claimed(queue.claim_finish())
    job = finish.job.to(JobState.SUCCEEDED, clock.now())
    queue.save(finish, job)
    return job


def infer_job(jobs: JobRepository, queue: WorkQueue, clock: ManualClock, **options: Any) -> Job:
    """Add a job with twenty pending segments."""
    claim = start_job(jobs, queue, clock, **options)
    recording = replace(claim.job.recording, duration=16_000)
    job = claim.job.evolve(prepared=16_000, recording=recording).to(JobState.INFERRING, clock.now())
    queue.save(claim, job, add=[stored(index, 20 * index) for index in range(20)])
    return job
