"""Batches: the answer to their submission, and the progress of their jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.job import Job, JobStatus
from shared.schemas.problem import Problem


class BatchLinksDocument(BaseModel):
    self: str = Field(examples=["/v1/batches/batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    jobs: str = Field(examples=["/v1/jobs?batch_id=batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])

    @classmethod
    def from_id(cls, batch_id: str) -> Self:
        return cls(self=f"/v1/batches/{batch_id}", jobs=f"/v1/jobs?batch_id={batch_id}")


class JobLinkDocument(BaseModel):
    self: str = Field(examples=["/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])


class BatchJobDocument(BaseModel):
    id: str = Field(examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    status: JobStatus
    links: JobLinkDocument


class BatchItemDocument(BaseModel):
    """What became of one of the jobs: the job, or why there is none."""

    job: BatchJobDocument | None
    error: Problem | None

    @classmethod
    def from_outcome(cls, outcome: Job | Problem) -> Self:
        if isinstance(outcome, Problem):
            return cls(job=None, error=outcome)
        links = JobLinkDocument(self=f"/v1/jobs/{outcome.id}")
        return cls(job=BatchJobDocument(id=outcome.id, status=outcome.state.status, links=links), error=None)


class NewBatchDocument(BaseModel):
    """A batch as it was submitted, its jobs in the order in which they were given."""

    id: str = Field(examples=["batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    items: list[BatchItemDocument]
    links: BatchLinksDocument

    @classmethod
    def from_outcomes(cls, batch_id: str, outcomes: Iterable[Job | Problem]) -> Self:
        items = list(map(BatchItemDocument.from_outcome, outcomes))
        return cls(id=batch_id, items=items, links=BatchLinksDocument.from_id(batch_id))


class BatchDocument(BaseModel):
    """How far the jobs of a batch are, those that were deleted left out."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str = Field(examples=["batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    total: int = Field(examples=[2])
    ended: int = Field(examples=[1])
    """Those that succeeded, failed or were canceled; when it is `total`, the batch is done."""
    counts: dict[JobStatus, int] = Field(examples=[{"queued": 1, "succeeded": 1}])
    """By status."""
    links: BatchLinksDocument

    @classmethod
    def from_counts(cls, batch_id: str, counts: Mapping[JobStatus, int]) -> Self:
        total = sum(counts.values())
        ended = total - counts[JobStatus.QUEUED] - counts[JobStatus.PROCESSING]
        links = BatchLinksDocument.from_id(batch_id)
        return cls(id=batch_id, total=total, ended=ended, counts=dict(counts), links=links)
