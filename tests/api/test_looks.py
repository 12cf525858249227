"""Looks for many who ask at once, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, cast

import pytest

from api.jobs.job_loader import Looks
from shared.container import Services
from shared.domain.errors import DatabaseUnavailable, JobDeleted, JobNotFound
from shared.domain.job import DEFAULT_TENANT, Job, SegmentCounts
from shared.domain.options import JobOptions
from shared.ports import JobRepository
from shared.services.job_reader import JobReader, JobView
from tests.api.test_jobs import UNKNOWN
from tests.support.analysed import submitted

WITHIN_S = 30


class WatchedJobs:
    """A job store that notes what is looked up together, and keeps a look waiting until it is let go on."""

    def __init__(self, jobs: JobRepository) -> None:
        self.rounds: list[set[str]] = []
        self.begun, self.let = Event(), Event()
        self.away = False
        self._jobs = jobs

    def get_with_counts(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        self.rounds.append(set(job_ids))
        self.begun.set()
        assert self.let.wait(WITHIN_S)
        if self.away:
            raise DatabaseUnavailable
        return self._jobs.get_with_counts(job_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)


@pytest.fixture
def jobs(services: Services) -> WatchedJobs:
    return WatchedJobs(services.jobs)


@dataclass
class OwnLooks:
    """Looks of those who have no key."""

    looks: Looks
    services: Services

    async def job(self, job_id: str) -> JobView:
        return await self.looks.job(job_id, self.services, DEFAULT_TENANT)


@pytest.fixture
def looks(jobs: WatchedJobs, services: Services) -> OwnLooks:
    return OwnLooks(Looks(JobReader(cast(JobRepository, jobs), services.object_store)), services)


async def asked(looks: OwnLooks, jobs: WatchedJobs, first: str, *others: str) -> list[Any]:
    """What comes of asking for the others while the first is looked up: their ids, or the errors."""
    tasks = [asyncio.create_task(looks.job(first))]
    await asyncio.to_thread(jobs.begun.wait, WITHIN_S)
    tasks += [asyncio.create_task(looks.job(job_id)) for job_id in others]
    await asyncio.sleep(0)
    jobs.let.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    return [type(one) if isinstance(one, BaseException) else one.job.id for one in found]


def test_those_who_ask_while_a_look_is_under_way_share_the_next(
    services: Services, jobs: WatchedJobs, looks: OwnLooks
) -> None:
    ids = [submitted(services, JobOptions()) for _ in range(3)]
    assert asyncio.run(asked(looks, jobs, *ids, ids[0], ids[1])) == [*ids, ids[0], ids[1]]
    assert jobs.rounds == [{ids[0]}, set(ids)]


def test_a_job_that_is_not_there_is_an_error_for_who_asked_for_it_alone(
    services: Services, jobs: WatchedJobs, looks: OwnLooks
) -> None:
    there, deleted = submitted(services, JobOptions()), submitted(services, JobOptions())
    services.cancellation.delete(deleted)
    found = asyncio.run(asked(looks, jobs, there, UNKNOWN, deleted, there))
    assert found == [there, JobNotFound, JobDeleted, there]


def test_an_outage_is_met_once_for_all_who_share_a_look_and_the_next_look_is_tried(
    services: Services, jobs: WatchedJobs, looks: OwnLooks
) -> None:
    there = submitted(services, JobOptions())
    jobs.away = True

    async def away_and_back() -> list[Any]:
        found = await asked(looks, jobs, there, there, there)
        jobs.away = False
        return [*found, (await looks.job(there)).job.id]

    assert asyncio.run(away_and_back()) == [DatabaseUnavailable] * 3 + [there]
    assert len([ids for ids in jobs.rounds if there in ids]) == 3


def test_who_gives_up_does_not_keep_the_others_from_their_answer(
    services: Services, jobs: WatchedJobs, looks: OwnLooks
) -> None:
    there, other = submitted(services, JobOptions()), submitted(services, JobOptions())

    async def given_up() -> str:
        leader = asyncio.create_task(looks.job(there))
        await asyncio.to_thread(jobs.begun.wait, WITHIN_S)
        follower = asyncio.create_task(looks.job(other))
        await asyncio.sleep(0)
        leader.cancel()
        jobs.let.set()
        return (await follower).job.id

    assert asyncio.run(given_up()) == other
