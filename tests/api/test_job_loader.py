"""Loading jobs for many requests at once, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, cast

import pytest

from api.jobs.job_loader import JobLoader
from api.threads import QuickThreads
from shared.container import Services
from shared.domain.errors import DatabaseUnavailable, JobDeleted, JobNotFound
from shared.domain.job import DEFAULT_TENANT, Job, SegmentCounts
from shared.domain.options import JobOptions
from shared.ports import JobRepository
from shared.services.job_reader import JobReader, JobView
from tests.support.analysed import submitted
from tests.support.api_client import UNKNOWN
from tests.support.waiting import PATIENCE_S


class BlockingJobRepository:
    """A job store that records the ids of each query, and blocks queries until `resume` is set."""

    def __init__(self, jobs: JobRepository) -> None:
        self.queries: list[set[str]] = []
        self.begun, self.resume = Event(), Event()
        self.unavailable = False
        self._jobs = jobs

    def get_with_counts(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        self.queries.append(set(job_ids))
        self.begun.set()
        assert self.resume.wait(PATIENCE_S)
        if self.unavailable:
            raise DatabaseUnavailable
        return self._jobs.get_with_counts(job_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)


@pytest.fixture
def jobs(services: Services) -> BlockingJobRepository:
    return BlockingJobRepository(services.jobs)


@dataclass
class DefaultTenantLoader:
    """A loader for callers without a key."""

    loader: JobLoader
    services: Services

    async def load(self, job_id: str) -> JobView:
        return await self.loader.load(job_id, self.services, DEFAULT_TENANT)


@pytest.fixture
def loader(jobs: BlockingJobRepository, services: Services) -> DefaultTenantLoader:
    return DefaultTenantLoader(
        JobLoader(JobReader(cast(JobRepository, jobs), services.object_store), QuickThreads()), services
    )


async def load_together(loader: DefaultTenantLoader, jobs: BlockingJobRepository, first: str, *rest: str) -> list[Any]:
    """Load the rest while the first is queried; return the ids of the jobs, or the types of the errors."""
    tasks = [asyncio.create_task(loader.load(first))]
    await asyncio.to_thread(jobs.begun.wait, PATIENCE_S)
    tasks += [asyncio.create_task(loader.load(job_id)) for job_id in rest]
    await asyncio.sleep(0)
    jobs.resume.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [type(outcome) if isinstance(outcome, BaseException) else outcome.job.id for outcome in outcomes]


def test_requests_that_come_during_a_query_share_the_next(
    services: Services, jobs: BlockingJobRepository, loader: DefaultTenantLoader
) -> None:
    ids = [submitted(services, JobOptions()) for _ in range(3)]
    assert asyncio.run(load_together(loader, jobs, *ids, ids[0], ids[1])) == [*ids, ids[0], ids[1]]
    assert jobs.queries == [{ids[0]}, set(ids)]


def test_a_missing_job_is_an_error_only_for_its_own_request(
    services: Services, jobs: BlockingJobRepository, loader: DefaultTenantLoader
) -> None:
    job_id, deleted = submitted(services, JobOptions()), submitted(services, JobOptions())
    services.cancellation.delete(deleted)
    outcomes = asyncio.run(load_together(loader, jobs, job_id, UNKNOWN, deleted, job_id))
    assert outcomes == [job_id, JobNotFound, JobDeleted, job_id]


def test_an_outage_fails_all_requests_of_a_query_and_the_next_query_is_tried(
    services: Services, jobs: BlockingJobRepository, loader: DefaultTenantLoader
) -> None:
    job_id = submitted(services, JobOptions())
    jobs.unavailable = True

    async def load_during_and_after_outage() -> list[Any]:
        outcomes = await load_together(loader, jobs, job_id, job_id, job_id)
        jobs.unavailable = False
        return [*outcomes, (await loader.load(job_id)).job.id]

    assert asyncio.run(load_during_and_after_outage()) == [DatabaseUnavailable] * 3 + [job_id]
    assert len([ids for ids in jobs.queries if job_id in ids]) == 3


def test_a_request_that_is_canceled_does_not_cancel_the_others(
    services: Services, jobs: BlockingJobRepository, loader: DefaultTenantLoader
) -> None:
    first, second = submitted(services, JobOptions()), submitted(services, JobOptions())

    async def cancel_first() -> str:
        canceled = asyncio.create_task(loader.load(first))
        await asyncio.to_thread(jobs.begun.wait, PATIENCE_S)
        waiting = asyncio.create_task(loader.load(second))
        await asyncio.sleep(0)
        canceled.cancel()
        jobs.resume.set()
        return (await waiting).job.id

    assert asyncio.run(cancel_first()) == second
