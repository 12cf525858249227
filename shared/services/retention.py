"""Retention of jobs that have ended, changed by people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain.errors import JobRunning
from shared.domain.job import Job
from shared.ports import JobRepository


@dataclass(frozen=True, slots=True)
class Retention:
    """Changes how long jobs and their sound are kept."""

    jobs: JobRepository

    def change(self, job_id: str, values: Mapping[str, int | None]) -> None:
        """Store those fields of `RetentionOptions` that `values` has; the times still count from the end of the job.

        Raises:
            JobNotFound, JobDeleted.
            JobRunning: the job has not ended.
        """

        def revise(job: Job) -> Job:
            if not job.state.terminal:
                raise JobRunning
            retention = replace(job.options.retention, **values)
            return job.evolve(options=replace(job.options, retention=retention))

        self.jobs.revise(job_id, revise)
