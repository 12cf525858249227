"""Looking jobs up for many who ask at once."""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from shared.container import Services
from shared.services.job_reader import JobReader, JobView

_GATHER_S = 0.01
"""Who asks whether a job has moved on does not mind it, and more come meanwhile."""


@dataclass(slots=True)
class _Round:
    """Those who ask while a look is under way: they are answered together by the next."""

    job_ids: set[str] = field(default_factory=set)
    look: Task[Mapping[str, JobView]] | None = None


class Looks:
    """One look at the database after the other, each for all who have asked meanwhile.

    To hand a question to a thread and on to the database takes several times longer than the rest of an answer, and as
    long for one job as for fifty.
    """

    def __init__(self, read: JobReader) -> None:
        self._read = read
        self._next = _Round()
        self._one_at_a_time = asyncio.Lock()

    async def job(self, job_id: str, services: Services, tenant: str) -> JobView:
        """A job of the tenant, whose services these are. Raises JobNotFound or JobDeleted."""
        own = self._next
        own.job_ids.add(job_id)
        if own.look is None:
            own.look = asyncio.create_task(self._look(own))
        found = await asyncio.shield(own.look)
        view = found.get(job_id)
        if view is None or view.job.tenant != tenant:
            return await run_in_threadpool(services.reader.job, job_id)
        return view

    async def _look(self, own: _Round) -> Mapping[str, JobView]:
        async with self._one_at_a_time:
            await asyncio.sleep(_GATHER_S)
            self._next = _Round()
            return await run_in_threadpool(self._read.jobs_by_id, own.job_ids)
