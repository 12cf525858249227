"""What is done again and again besides the work: waking who was not woken, and cleaning up after deletions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.ports import JobStore, ObjectStore, WakeUps
from shared.services.keys import job_prefix


@dataclass(frozen=True, slots=True)
class Sweep:
    """The use case. `lease_s` is how long a worker may go on, unaware, with a job that is gone."""

    jobs: JobStore
    objects: ObjectStore
    wake_ups: WakeUps
    lease_s: float

    def run(self) -> None:
        """Wakes the queues that have work to claim, then deletes what was still written for deleted jobs."""
        for queue in self.jobs.claimable():
            self.wake_ups.wake(queue)
        for job_id in self.jobs.purgeable(2 * self.lease_s):
            self.objects.delete_prefix(job_prefix(job_id))
            self.jobs.purged(job_id)
